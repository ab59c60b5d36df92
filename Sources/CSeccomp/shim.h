// The macros of libseccomp, which Swift does not see.
#pragma once
#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/// All descriptors but the first three. Negative when that cannot be done.
static inline long onefold_close_others(void) { return syscall(SYS_close_range, 3, ~0U, 0); }

/// What is not allowed fails as if this were another kernel, so that libraries take their other ways.
static inline scmp_filter_ctx onefold_seccomp_init(void) { return seccomp_init(SCMP_ACT_ERRNO(EPERM)); }

/// Negative for an error; a call that this machine does not have is no error.
static inline int onefold_seccomp_allow(scmp_filter_ctx filter, const char *name) {
  int call = seccomp_syscall_resolve_name(name);
  if (call == __NR_SCMP_ERROR) return 0;
  return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 0, NULL);
}

/// Threads, but no processes. The newer call hides its flags from filters: without it the C library takes the older one.
static inline int onefold_seccomp_allow_threads(scmp_filter_ctx filter) {
  struct scmp_arg_cmp isThread = SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
  int failed = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &isThread);
  if (failed) return failed;
  return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
}
