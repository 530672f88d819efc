//! Non-blocking TCP on loopback: what both ends of a measurement need.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SendFlags, SocketFlags, SocketType, sockopt};

/// What one read asks for at the most.
const READ_BYTES: usize = 64 * 1024;
const BACKLOG: i32 = 4096;
const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

/// What a read or write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// So many bytes.
    Bytes(usize),
    /// None now.
    Later,
    /// None any more.
    Closed,
}

/// Listens on a port of this machine; 0 picks a free one.
pub fn listen(port: u16) -> io::Result<OwnedFd> {
    let socket = net::socket_with(AddressFamily::INET, SocketType::STREAM, FLAGS, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    net::bind(&socket, &address(port))?;
    net::listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// Takes a connection that waits, if there is one.
pub fn accept(listener: &OwnedFd) -> io::Result<Option<OwnedFd>> {
    match net::accept_with(listener, FLAGS) {
        Ok(socket) => {
            sockopt::set_tcp_nodelay(&socket, true)?;
            Ok(Some(socket))
        }
        Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Begins a connection to a port of this machine. It can be written to when it is there.
pub fn connect(port: u16) -> io::Result<OwnedFd> {
    let socket = net::socket_with(AddressFamily::INET, SocketType::STREAM, FLAGS, None)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    match net::connect(&socket, &address(port)) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(error) => Err(error.into()),
    }
}

/// Reads what is there.
pub fn read(socket: &OwnedFd, into: &mut Vec<u8>) -> Moved {
    into.reserve(READ_BYTES);
    moved(rustix::io::read(socket, spare_capacity(into)))
}

/// Writes what there is room for.
pub fn write(socket: &OwnedFd, bytes: &[u8]) -> Moved {
    moved(net::send(socket, bytes, SendFlags::NOSIGNAL))
}

fn moved(result: Result<usize, Errno>) -> Moved {
    match result {
        Ok(0) => Moved::Closed,
        Ok(bytes) => Moved::Bytes(bytes),
        Err(Errno::AGAIN | Errno::INTR) => Moved::Later,
        Err(_) => Moved::Closed,
    }
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
}

/// The port that a listener got.
pub fn port(listener: &OwnedFd) -> io::Result<u16> {
    let address = net::getsockname(listener)?;
    let address = SocketAddr::try_from(address)?;
    Ok(address.port())
}
