//! What it takes a CPU to send and to receive.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

const BLOCK: usize = 1 << 20;
const BLOCKS: usize = 32;

/// Seconds of a thread for each byte that it sends over TCP, or receives, as another thread of this machine receives it: the best of
/// three times.
///
/// # Errors
///
/// The operating system's error, if it has no such connection.
///
/// ```
/// let seconds = barenet_run::plan::measure_handling()?;
/// assert!(seconds > 0.0 && seconds < 1e-6);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn measure_handling() -> io::Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut sender = TcpStream::connect(listener.local_addr()?)?;
    let (mut receiver, _) = listener.accept()?;
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let (sent, begin) = (&mut sender, Instant::now());
        thread::scope(|scope| {
            let sending = thread::Builder::new().spawn_scoped(scope, move || {
                let block = vec![0; BLOCK];
                (0..BLOCKS).try_for_each(|_| sent.write_all(&block))
            })?;
            let mut block = vec![0; BLOCK];
            let received = (0..BLOCKS).try_for_each(|_| receiver.read_exact(&mut block));
            sending.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())).and(received)
        })?;
        best = best.min(begin.elapsed().as_secs_f64());
    }
    #[allow(clippy::cast_precision_loss)] // They are few.
    Ok(best / (BLOCK * BLOCKS) as f64)
}
