//! Wakes an event loop from any thread: one byte into a socket that the loop watches. Needs no interpreter.

use std::io::{self, Write};
use std::net::TcpStream;

use socket2::Socket;

/// The engine's end of a socket pair made in Python.
pub(crate) struct Bell {
    // A stream, for it writes without raising SIGPIPE, whichever kind of socket it wraps.
    stream: TcpStream,
}

impl Bell {
    /// Duplicates the socket `fd`, so that closing it in Python does not close this one.
    ///
    /// # Errors
    /// When it is not an open socket.
    pub(crate) fn new(fd: i64) -> io::Result<Self> {
        let socket = duplicate(fd)?;
        socket.r#type()?;
        socket.set_nonblocking(true)?;
        Ok(Self { stream: TcpStream::from(socket) })
    }

    /// Rings. A full buffer has rung already, and a loop that is gone hears nothing.
    pub(crate) fn ring(&self) {
        let mut stream = &self.stream;
        while stream.write(&[0]).is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {}
    }
}

#[cfg(unix)]
#[allow(unsafe_code)]
pub(super) fn duplicate(fd: i64) -> io::Result<Socket> {
    use std::os::fd::BorrowedFd;

    let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0).ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: the descriptor is not -1 and is used only to be duplicated, which fails if it is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    Ok(Socket::from(borrowed.try_clone_to_owned()?))
}

#[cfg(windows)]
#[allow(unsafe_code)]
pub(super) fn duplicate(fd: i64) -> io::Result<Socket> {
    use std::os::windows::io::{BorrowedSocket, RawSocket};

    let socket =
        RawSocket::try_from(fd).ok().filter(|raw| *raw != RawSocket::MAX).ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: the handle is not INVALID_SOCKET and is used only to be duplicated, which fails if it is not open.
    let borrowed = unsafe { BorrowedSocket::borrow_raw(socket) };
    Ok(Socket::from(borrowed.try_clone_to_owned()?))
}
