//! Which listener serves what: with one of its own for the operator, `/admin` is nowhere else.

use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use super::not_found;

/// What the operator's listener serves beside `/admin`.
const BESIDE: [&str; 3] = ["/health", "/ready", "/metrics"];

/// Where the operator's listener is, if there is one.
#[derive(Clone, Copy, Debug)]
pub struct Doors(Option<SocketAddr>);

impl Doors {
    /// The address of a bound listener.
    pub fn of(operators: Option<&TcpListener>) -> io::Result<Self> {
        let address = operators.map(TcpListener::local_addr);
        Ok(Self(address.transpose()?))
    }

    /// Whether a path is served by the listener at an address.
    fn serve(self, path: &str, here: SocketAddr) -> bool {
        let is_admin = path == "/admin" || path.starts_with("/admin/");
        match self.0 {
            None => true,
            Some(operators) if operators == here => {
                is_admin || path.starts_with("/assets/") || BESIDE.contains(&path)
            }
            Some(_) => !is_admin,
        }
    }
}

/// Middleware: what another listener serves is not here.
pub async fn choose<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let doors = request.app_data::<Doors>().copied();
    let here = request.app_config().local_addr();
    if doors.is_none_or(|doors| doors.serve(request.path(), here)) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let error = not_found(request.path());
    Ok(request.error_response(error).map_into_right_body())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_a_listener_of_its_own_admin_is_nowhere_else() {
        let [public, own] = ["127.0.0.1:8080", "127.0.0.1:9090"].map(|at| at.parse().unwrap());
        let doors = Doors(Some(own));
        for path in ["/admin", "/admin/accounts", "/admin/customers/x"] {
            assert!(
                doors.serve(path, own) && !doors.serve(path, public),
                "{path}"
            );
            assert!(Doors(None).serve(path, public));
        }
        for path in ["/", "/v1/chat/completions", "/dashboard", "/administrator"] {
            assert!(
                !doors.serve(path, own) && doors.serve(path, public),
                "{path}"
            );
        }
        for path in ["/health", "/assets/style.0.css"] {
            assert!(
                doors.serve(path, own) && doors.serve(path, public),
                "{path}"
            );
        }
    }
}
