//! Numbers that several processes of a machine have in memory once. (Here, because mapping takes `unsafe`.)

use std::io;

/// Numbers of which every pattern of bits is one.
pub trait Plain: Copy + private::Plain {}

mod private {
    pub trait Plain {}
}

macro_rules! plain {
    ($($type:ty),+) => {$(
        impl private::Plain for $type {}
        impl Plain for $type {}
    )+};
}

plain!(u8, i16, f32);

/// A copy of some numbers in memory that nobody can change any more, in which other processes can have theirs too.
///
/// It is there as long as a process has it or has numbers in it, and is no file on a disk.
///
/// ```
/// use barenet_blas::Sealed;
/// let (mut here, mut there) = (vec![0.5_f32; 10 << 20], vec![0.5_f32; 10 << 20]);
/// # #[cfg(target_os = "linux")] {
/// let sealed = Sealed::copy_of(&here)?;
/// sealed.hold(&mut here)?;
/// // In another process, which was told where.
/// let (process, number) = sealed.place();
/// Sealed::of_process(process, number)?.hold(&mut there)?;
/// assert_eq!(here, there);
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Sealed {
    #[cfg(target_os = "linux")]
    file: std::fs::File,
}

#[cfg(not(target_os = "linux"))]
impl Sealed {
    /// A sealed copy.
    ///
    /// # Errors
    ///
    /// There is none on this system.
    pub fn copy_of<T: Plain>(_numbers: &[T]) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The process that has it, and its number there.
    #[must_use]
    pub const fn place(&self) -> (u32, u32) {
        (0, 0)
    }

    /// Opens what another process of this machine has.
    ///
    /// # Errors
    ///
    /// There is none on this system.
    pub fn of_process(_process: u32, _number: u32) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Has numbers that are the same in this memory.
    ///
    /// # Errors
    ///
    /// There is none on this system.
    pub fn hold<T: Plain>(&self, _numbers: &mut [T]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{Plain, Sealed, io};
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::{AsRawFd, FromRawFd};
    use std::os::unix::fs::FileExt;

    /// Nobody can change it, make it shorter, or take the seals away.
    const SEALS: i32 =
        libc::F_SEAL_SEAL | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE;

    /// Bytes that are written, or compared, at once.
    const PIECE: usize = 1 << 20;

    fn page() -> usize {
        // SAFETY: it only asks for a number.
        usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
    }

    /// The bytes of numbers.
    const fn bytes_of<T: Plain>(numbers: &[T]) -> &[u8] {
        // SAFETY: plain numbers have no bytes that are not set, and bytes no alignment.
        unsafe { core::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) }
    }

    /// How far into a page numbers begin. They do at the same place of a page of the copy, so that pages can be exchanged.
    fn offset<T: Plain>(numbers: &[T]) -> usize {
        numbers.as_ptr().addr() % page()
    }

    fn invalid(what: &str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, what)
    }

    impl Sealed {
        /// A sealed copy.
        ///
        /// # Errors
        ///
        /// The operating system's error: there is not enough memory, or it has no such files.
        pub fn copy_of<T: Plain>(numbers: &[T]) -> io::Result<Self> {
            let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
            // SAFETY: the name ends with a zero.
            let number = unsafe { libc::memfd_create(c"barenet-data".as_ptr(), flags) };
            if number < 0 {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: it was opened just now, and nobody else has it.
            let mut file = unsafe { File::from_raw_fd(number) };
            file.write_all(&vec![0; offset(numbers)])?;
            for piece in bytes_of(numbers).chunks(PIECE) {
                file.write_all(piece)?;
            }
            // SAFETY: it only changes what may be done with the file.
            if unsafe { libc::fcntl(number, libc::F_ADD_SEALS, SEALS) } < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(Self { file })
        }

        /// The process that has it, and its number there, for [`Self::of_process`].
        #[must_use]
        pub fn place(&self) -> (u32, u32) {
            (std::process::id(), u32::try_from(self.file.as_raw_fd()).unwrap_or(0))
        }

        /// Opens what another process of this machine has.
        ///
        /// # Errors
        ///
        /// The operating system's error if there is none or this process may not open it; [`io::ErrorKind::InvalidData`] if what is
        /// there can be changed.
        pub fn of_process(process: u32, number: u32) -> io::Result<Self> {
            let file = File::open(format!("/proc/{process}/fd/{number}"))?;
            // SAFETY: it only asks what may be done with the file.
            let seals = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GET_SEALS) };
            if seals < 0 || seals & SEALS != SEALS {
                return Err(invalid("this file is not sealed"));
            }
            Ok(Self { file })
        }

        /// Has numbers that are the same in this memory, all of them but what shares a page with others. They stay what they are, and
        /// one that is changed later on is changed here alone.
        ///
        /// # Errors
        ///
        /// [`io::ErrorKind::InvalidData`] if the numbers are others, or begin elsewhere in a page; the operating system's error.
        pub fn hold<T: Plain>(&self, numbers: &mut [T]) -> io::Result<()> {
            let (start, len, offset) =
                (numbers.as_ptr().addr(), size_of_val(numbers), offset(numbers));
            if self.file.metadata()?.len() != (offset + len) as u64 {
                return Err(invalid("the copy has another length"));
            }
            let mut piece = vec![0; PIECE.min(len)];
            let mut place = offset as u64;
            for mine in bytes_of(numbers).chunks(PIECE) {
                let piece = &mut piece[..mine.len()];
                self.file.read_exact_at(piece, place)?;
                if piece != mine {
                    return Err(invalid("the copy has other numbers"));
                }
                place += piece.len() as u64;
            }
            let page = page();
            let first = start.next_multiple_of(page);
            let Some(pages) =
                ((start + len) / page * page).checked_sub(first).filter(|&pages| pages > 0)
            else {
                return Ok(());
            };
            let address = numbers.as_mut_ptr().cast::<u8>().wrapping_add(first - start);
            let place = libc::off_t::try_from(offset + first - start)
                .map_err(|_| invalid("the copy is too long"))?;
            // SAFETY: whole pages within `numbers`, which are borrowed, are exchanged for pages with the same bytes, which nobody can
            // change. The new mapping is private: it may be written to like any memory, and be given back like it.
            let mapped = unsafe {
                libc::mmap(
                    address.cast(),
                    pages,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_PRIVATE | libc::MAP_FIXED,
                    self.file.as_raw_fd(),
                    place,
                )
            };
            if mapped == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::FileExt;

    /// So many that every allocator asks the system for pages of their own: they begin at the same place of a page.
    const LEN: usize = 10 << 20;

    fn numbers() -> Vec<f32> {
        (0..LEN).map(|i| i as f32 * 0.5).collect()
    }

    /// How many kilobytes around an address are in a sealed copy.
    fn shared_kb(address: usize) -> usize {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let line = maps.lines().find(|line| {
            let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
            let parse = |text| usize::from_str_radix(text, 16).unwrap();
            (parse(start)..parse(end)).contains(&address)
        });
        let line = line.unwrap();
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let parse = |text| usize::from_str_radix(text, 16).unwrap();
        if line.contains("memfd:barenet-data") { (parse(end) - parse(start)) / 1024 } else { 0 }
    }

    #[test]
    fn numbers_are_in_memory_once_and_stay_what_they_are() {
        let (mut here, mut there, expected) = (numbers(), numbers(), numbers());
        let sealed = Sealed::copy_of(&here).unwrap();
        let (process, number) = sealed.place();
        let other = Sealed::of_process(process, number).unwrap();
        sealed.hold(&mut here).unwrap();
        other.hold(&mut there).unwrap();
        drop((sealed, other));
        for held in [&here, &there] {
            let kb = shared_kb(held.as_ptr().addr() + 2 * LEN);
            assert!(kb >= 4 * LEN / 1024 - 8, "{kb}");
        }
        assert!(here == expected && there == expected);
        // What is changed is changed here alone, and grows like any vector.
        here[LEN / 2] = -1.0;
        here.push(7.0);
        assert!(there == expected);
        assert_eq!((here[LEN / 2], here[LEN], here.len()), (-1.0, 7.0, LEN + 1));
        drop(here);
        assert!(there == expected);
    }

    #[test]
    fn other_numbers_are_left_where_they_are() {
        let sealed = Sealed::copy_of(&numbers()).unwrap();
        let mut other = numbers();
        other[LEN - 1] = 0.0;
        assert_eq!(sealed.hold(&mut other).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(sealed.hold(&mut other[1..]).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(shared_kb(other.as_ptr().addr() + 2 * LEN), 0);
        // Few numbers fill no page.
        let mut few = [1_u8, 2, 3];
        Sealed::copy_of(&few).unwrap().hold(&mut few).unwrap();
        assert_eq!(few, [1, 2, 3]);
        Sealed::copy_of::<u8>(&[]).unwrap().hold::<u8>(&mut []).unwrap();
    }

    #[test]
    fn what_is_sealed_cannot_be_written_and_what_is_not_is_refused() {
        let sealed = Sealed::copy_of(&numbers()).unwrap();
        assert!(sealed.file.write_at(b"x", 0).is_err());
        assert!(sealed.file.set_len(0).is_err());
        let file = fs::File::open("/proc/self/exe").unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&file).try_into().unwrap();
        let error = Sealed::of_process(std::process::id(), number).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(Sealed::of_process(std::process::id(), 1 << 20).is_err());
    }
}
