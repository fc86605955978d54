//! Wakes an event loop from any thread: one byte into a socket that the loop watches. Needs no interpreter.

use std::io;

use socket2::Socket;

/// The engine's end of a socket pair made in Python.
pub struct Bell {
    socket: Socket,
}

impl Bell {
    /// Duplicates the socket, so that closing it in Python does not close this one.
    #[cfg(unix)]
    #[allow(unsafe_code)]
    pub fn new(descriptor: i64) -> io::Result<Self> {
        use std::os::fd::{BorrowedFd, RawFd};

        let descriptor = RawFd::try_from(descriptor).map_err(io::Error::other)?;
        if descriptor < 0 {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        // SAFETY: the caller holds the open socket for the length of this call, and it is not -1.
        let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
        Self::prepared(Socket::from(borrowed.try_clone_to_owned()?))
    }

    /// Duplicates the socket, so that closing it in Python does not close this one.
    #[cfg(windows)]
    #[allow(unsafe_code)]
    pub fn new(descriptor: i64) -> io::Result<Self> {
        use std::os::windows::io::{BorrowedSocket, RawSocket};

        let socket = RawSocket::try_from(descriptor).map_err(io::Error::other)?;
        // SAFETY: the caller holds the open socket for the length of this call.
        let borrowed = unsafe { BorrowedSocket::borrow_raw(socket) };
        Self::prepared(Socket::from(borrowed.try_clone_to_owned()?))
    }

    fn prepared(socket: Socket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self { socket })
    }

    /// Rings. A full socket means that the loop was told already; a closed one that nobody listens any more.
    pub fn ring(&self) {
        let _told_or_gone = self.socket.send(&[1]);
    }
}
