//! Room on a disk. (Here, because asking takes `unsafe`.)

use std::io;
use std::path::Path;

/// Bytes that this process may still write on the disk of a folder or file.
///
/// # Errors
///
/// The operating system's error; on systems that are no Unix there is always one.
///
/// ```
/// # #[cfg(unix)]
/// assert!(barenet_blas::free_space(".".as_ref())? > 0);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn free_space(path: &Path) -> io::Result<u64> {
    #[cfg(unix)]
    {
        use std::ffi::CString;
        use std::os::unix::ffi::OsStrExt;
        let path = CString::new(path.as_os_str().as_bytes())?;
        let mut found = core::mem::MaybeUninit::<libc::statvfs>::zeroed();
        // SAFETY: the path ends with a zero, and there is room for what is found.
        if unsafe { libc::statvfs(path.as_ptr(), found.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call has filled it in.
        let found = unsafe { found.assume_init() };
        // The types differ from system to system.
        #[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
        Ok((found.f_bavail as u64).saturating_mul(found.f_frsize as u64))
    }
    #[cfg(not(unix))]
    {
        let _ignored = path;
        Err(io::ErrorKind::Unsupported.into())
    }
}
