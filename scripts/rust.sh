#!/bin/sh
# Looks for a Rust that can build the engine and for a C compiler; gets Rust by rustup where there is none.
set -eu

by_hand="curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"

install_rust() {
    echo "Rust was not found: installing it for this user by rustup (remove it later with: rustup self uninstall)."
    if command -v curl >/dev/null 2>&1; then
        fetch="curl --proto =https --tlsv1.2 -sSf"
    elif command -v wget >/dev/null 2>&1; then
        fetch="wget --https-only -qO-"
    else
        echo "Neither curl nor wget is here to get it. With either of them installed, run: $by_hand" >&2
        exit 1
    fi
    script=$(mktemp)
    trap 'rm -f "$script"' EXIT
    if ! $fetch https://sh.rustup.rs >"$script" ||
        ! sh "$script" -y --no-modify-path --profile minimal --component rustfmt --component clippy; then
        echo "Rust could not be installed. Once the network allows it, run: $by_hand" >&2
        exit 1
    fi
}

command -v cargo >/dev/null 2>&1 || install_rust

needed=$(sed -n 's/^rust-version = "1\.\([0-9]*\).*/\1/p' Cargo.toml)
version=$(rustc --version 2>/dev/null || true)
minor=$(printf '%s' "$version" | sed -n 's/^rustc 1\.\([0-9]*\).*/\1/p')
if [ -z "$minor" ] || [ "$minor" -lt "$needed" ]; then
    echo "Rust 1.$needed or later is needed and this is ${version:-no toolchain at all}. Run: rustup update stable && rustup default stable" >&2
    exit 1
fi

if ! command -v cc >/dev/null 2>&1 && ! command -v gcc >/dev/null 2>&1 && ! command -v clang >/dev/null 2>&1; then
    echo "A C compiler is needed to build the embedded SQLite; on Debian and Ubuntu run: sudo apt-get install build-essential" >&2
    exit 1
fi
