// Starting a program in a network namespace: async-signal-safe functions only up to exec.
#define _GNU_SOURCE
#include "CSpawn.h"

#include <errno.h>
#include <linux/close_range.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The child's part. It comes back only when a step failed, with errno set.
static void become(
    char *const *arguments, char *const *environment, int network, int output, pid_t parent) {
  sigset_t none;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0 || setpgid(0, 0) < 0) return;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return;
  // The parent may have ended before the line above took effect; nobody would kill us then.
  if (getppid() != parent) _exit(127);
  if (network >= 0 && setns(network, CLONE_NEWNET) < 0) return;
  if (dup2(null, STDIN_FILENO) < 0) return;
  if (output >= 0 && (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)) return;
  // Descriptors of others in our process, a test framework's for one, stay out of the program.
  if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) < 0) return;
  sigemptyset(&none);
  if (sigprocmask(SIG_SETMASK, &none, NULL) < 0) return;
  if (signal(SIGPIPE, SIG_DFL) == SIG_ERR) return;
  execvpe(arguments[0], arguments, environment ? environment : environ);
}

long cspawn_start(char *const *arguments, char *const *environment, int network, int output) {
  int failure[2], code = 0;
  if (pipe2(failure, O_CLOEXEC) < 0) return -errno;
  pid_t parent = getpid();
  pid_t child = fork();
  if (child < 0) {
    code = errno;
    close(failure[0]);
    close(failure[1]);
    return -code;
  }
  if (child == 0) {
    become(arguments, environment, network, output, parent);
    code = errno;
    ssize_t told = write(failure[1], &code, sizeof code);
    _exit(told == sizeof code ? 127 : 126);
  }
  // exec closes the pipe; until then a failed step tells its errno through it.
  ssize_t count;
  close(failure[1]);
  do {
    count = read(failure[0], &code, sizeof code);
  } while (count < 0 && errno == EINTR);
  close(failure[0]);
  if (count != sizeof code) return child;
  cspawn_reap(child);
  return -code;
}

long cspawn_peek(pid_t process, int *signalled, int *status) {
  siginfo_t info = {0};
  if (waitid(P_PID, (id_t)process, &info, WEXITED | WNOHANG | WNOWAIT) < 0) return -errno;
  if (info.si_pid == 0) return 0;
  *signalled = info.si_code != CLD_EXITED;
  *status = info.si_status;
  return 1;
}

long cspawn_descriptor(pid_t process) {
  long descriptor = syscall(SYS_pidfd_open, process, 0);
  return descriptor < 0 ? -errno : descriptor;
}

long cspawn_reap(pid_t process) {
  int result;
  do {
    result = waitid(P_PID, (id_t)process, &(siginfo_t){0}, WEXITED);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : 0;
}

long cspawn_signal(pid_t process, int number) { return kill(-process, number) < 0 ? -errno : 0; }
