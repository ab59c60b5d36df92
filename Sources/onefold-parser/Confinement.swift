// SPDX-License-Identifier: Apache-2.0

import CSeccomp
import Glibc
import Parsing

/// Takes from this process all that reading a content does not need.
enum Confinement {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// For good: neither this process nor what a hostile file makes of it can leave again.
  static func enter() throws {
    // The parent marks its own descriptors to be closed; not all libraries mark theirs.
    guard onefold_close_others() == 0 else {
      throw Failure(description: "Inherited descriptors cannot be closed: \(String(cString: strerror(errno))).")
    }
    try limit(RLIMIT_AS, ParserLimits.memory)
    // No file grows, no memory goes to a core file, and nothing can be opened: three descriptors are there already.
    try limit(RLIMIT_FSIZE, 0)
    try limit(RLIMIT_CORE, 0)
    try limit(RLIMIT_NOFILE, 3)
    try filterCalls()
  }

  private static func limit(_ resource: __rlimit_resource, _ value: Int) throws {
    var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
    guard setrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else {
      throw Failure(description: "A limit cannot be set: \(String(cString: strerror(errno))).")
    }
  }

  /// Before each content. The kernel ends the process when the time is used up.
  static func allowMoreTime() {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    let used = Int(usage.ru_utime.tv_sec) + Int(usage.ru_stime.tv_sec)
    var limit = rlimit(rlim_cur: rlim_t(used + ParserLimits.seconds), rlim_max: rlim_t.max)
    setrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit)
  }

  /// Memory, threads, time, and what is open already.
  private static let calls = [
    "read", "readv", "write", "writev", "recvfrom", "sendto", "close", "fstat", "newfstatat", "lseek", "ppoll", "poll",
    "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "brk",
    "futex", "futex_time64", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "sched_getattr",
    "sched_setattr",
    "gettid", "getpid", "tgkill", "exit", "exit_group", "restart_syscall",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
    "clock_gettime", "clock_gettime64", "clock_nanosleep", "gettimeofday", "getrandom", "getrusage", "prlimit64",
    "setrlimit", "sysinfo", "uname",
  ]

  private static func filterCalls() throws {
    guard let filter = onefold_seccomp_init() else {
      throw Failure(description: "There is no filter for system calls.")
    }
    defer { seccomp_release(filter) }
    var failed = onefold_seccomp_allow_threads(filter)
    for call in calls where failed == 0 { failed = onefold_seccomp_allow(filter, call) }
    if failed == 0 { failed = seccomp_load(filter) }
    guard failed == 0 else {
      throw Failure(description: "System calls cannot be filtered: \(String(cString: strerror(-failed))).")
    }
  }
}
