//! The CPUs, how many of them this process may use, and what else they do.

use barenet_blas::{Kernel, cpu_features, cpus};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The CPUs of this machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cpus {
    /// What the system calls them.
    pub model: Option<String>,
    /// Instructions that kernels use, and whether they are there.
    pub features: BTreeMap<&'static str, bool>,
    /// Whether AMX can be used, or why not; `None` where no kernel of this build uses it.
    pub amx: Option<String>,
    /// CPUs that the machine has, where the system tells.
    pub online: Option<usize>,
    /// Threads that a run starts at most: a CPU each.
    pub threads: usize,
    /// CPUs to which this process is bound (`taskset`), where the system tells.
    pub allowed: Option<usize>,
    /// CPUs' worth of time that a control group (a container) leaves this process, if one limits it.
    pub quota: Option<f64>,
    /// Processes that wanted to compute, on average over the last minute.
    pub load: Option<f64>,
    /// Bytes of memory that are free or can be made so.
    pub free_memory: Option<u64>,
}

impl Cpus {
    /// Looks.
    #[must_use]
    pub fn look() -> Self {
        let read = |path: &str| fs::read_to_string(path).ok();
        let amx = Kernel::from_name("amx")
            .map(|amx| amx.obstacle().unwrap_or("there, and the system permits it").to_owned());
        Self {
            model: read("/proc/cpuinfo").and_then(|text| field(&text, "model name")),
            features: cpu_features().into_iter().collect(),
            amx,
            online: read("/sys/devices/system/cpu/online").and_then(|text| count(&text)),
            threads: cpus(),
            allowed: read("/proc/self/status")
                .and_then(|text| count(&field(&text, "Cpus_allowed_list")?)),
            quota: read("/proc/self/cgroup").and_then(|text| quota(&text)),
            load: read("/proc/loadavg").and_then(|text| text.split(' ').next()?.parse().ok()),
            free_memory: read("/proc/meminfo").and_then(|text| {
                let kilobytes = field(&text, "MemAvailable")?;
                kilobytes.strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
            }),
        }
    }
}

/// The value of the first line `name: value`.
fn field(text: &str, name: &str) -> Option<String> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(found, _)| found.trim() == name).map(|(_, value)| value.trim().to_owned())
}

/// How many numbers a list such as `0-3,8` has.
fn count(list: &str) -> Option<usize> {
    let one = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        last.checked_sub(first)?.checked_add(1)
    };
    list.trim().split(',').map(one).sum()
}

/// CPUs' worth of time that the narrowest of the control groups around this process leaves it; `text` says which they are.
fn quota(text: &str) -> Option<f64> {
    let limits = text.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, group) = (parts.next()?, parts.next()?.trim_start_matches('/'));
        let root = match controllers {
            "" => PathBuf::from("/sys/fs/cgroup"),
            "cpu" | "cpu,cpuacct" => Path::new("/sys/fs/cgroup").join(controllers),
            _ => return None,
        };
        let folder = root.join(group);
        let around = folder.ancestors().take_while(|folder| folder.starts_with(&root));
        around.filter_map(limit).reduce(f64::min)
    });
    limits.reduce(f64::min)
}

/// The CPUs' worth of time that a control group has, of either version of them.
fn limit(folder: &Path) -> Option<f64> {
    let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
    read("cpu.max").and_then(|text| share(&text)).or_else(|| {
        let (quota, period) = (read("cpu.cfs_quota_us")?, read("cpu.cfs_period_us")?);
        share(&format!("{} {}", quota.trim(), period.trim()))
    })
}

/// The CPUs' worth of `quota period`, such as `150000 100000`; none where it is `max` or -1.
fn share(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_cpus_is_counted() {
        for (list, found) in [
            ("0\n", Some(1)),
            ("0-3", Some(4)),
            ("0-3,8,10-11", Some(7)),
            ("", None),
            ("3-0", None),
            ("a", None),
        ] {
            assert_eq!(count(list), found, "{list}");
        }
    }

    #[test]
    fn a_limit_of_time_is_a_number_of_cpus() {
        for (text, found) in [
            ("150000 100000\n", Some(1.5)),
            ("max 100000", None),
            ("-1 100000", None),
            ("1 0", None),
            ("", None),
        ] {
            assert_eq!(share(text), found, "{text}");
        }
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "model\t\t: 85\nmodel name\t: A CPU @ 2: 0 GHz\nmodel name\t: other\n";
        assert_eq!(field(text, "model name").unwrap(), "A CPU @ 2: 0 GHz");
        assert_eq!(field(text, "name"), None);
    }

    #[test]
    fn this_machine_has_cpus() {
        let cpus = Cpus::look();
        assert!(cpus.threads > 0);
        assert!(cpus.online.is_none_or(|online| online > 0), "{cpus:?}");
    }
}
