//! nginx as a plain reverse proxy: one worker, kept-alive connections, no buffering, no log.

use std::fs;
use std::io;

use super::{Gateway, Place, Target, find, free_port};

/// Starts it; `None` when it is not installed.
pub fn start(place: &Place) -> io::Result<Option<Gateway>> {
    let Some(program) = find("nginx") else {
        return Ok(None);
    };
    let (dir, port, upstream) = (place.subdir("nginx")?, free_port()?, place.upstream);
    let settings = format!(
        "worker_processes 1;\n\
         worker_rlimit_nofile 32768;\n\
         daemon off;\n\
         pid nginx.pid;\n\
         error_log stderr warn;\n\
         events {{ worker_connections 16384; }}\n\
         http {{\n\
           access_log off;\n\
           client_max_body_size 32m;\n\
           client_body_buffer_size 2m;\n\
           keepalive_timeout 600s;\n\
           keepalive_requests 100000000;\n\
           upstream provider {{\n\
             server 127.0.0.1:{upstream};\n\
             keepalive 4096;\n\
             keepalive_timeout 600s;\n\
             keepalive_requests 100000000;\n\
           }}\n\
           server {{\n\
             listen 127.0.0.1:{port} backlog=4096;\n\
             location / {{\n\
               proxy_pass http://provider;\n\
               proxy_http_version 1.1;\n\
               proxy_set_header Connection \"\";\n\
               proxy_buffering off;\n\
               proxy_read_timeout 600s;\n\
             }}\n\
           }}\n\
         }}\n"
    );
    let file = dir.join("nginx.conf");
    fs::write(&file, settings)?;
    let words = [
        program.display().to_string(),
        "-p".to_owned(),
        dir.display().to_string(),
        "-c".to_owned(),
        file.display().to_string(),
    ];
    let target = Target::chat("nginx", port, "bench", &[]);
    Gateway::start(&words, &[], &dir, vec![target]).map(Some)
}
