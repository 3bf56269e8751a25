// Starting a program in a network namespace, which posix_spawn cannot do; for the laboratory.
#ifndef HOPSHIFT_CSPAWN_H
#define HOPSHIFT_CSPAWN_H

#include <sys/types.h>

// Forks and executes `arguments` (looked up in PATH) as leader of its own process group, with
// standard input from /dev/null, standard output and error to the descriptor `output` (inherited
// when negative), inside the network namespace of the descriptor `network` (the caller's when
// negative). No other descriptor is inherited. A null `environment` inherits the caller's. The
// child is killed when the calling thread ends. Answers the process id, or -errno of whatever step
// failed.
long cspawn_start(char *const *arguments, char *const *environment, int network, int output);

// How a child ended, without reaping it: its process id stays taken. Answers 1 with how it ended
// (`signalled`, and the exit status or the signal), 0 while it runs, or -errno.
long cspawn_peek(pid_t process, int *signalled, int *status);

// A descriptor that is readable when the child has ended, or -errno.
long cspawn_descriptor(pid_t process);

// Reaps the child, waiting for its end; 0 or -errno.
long cspawn_reap(pid_t process);

// Sends a signal to the whole process group of the child; 0 or -errno.
long cspawn_signal(pid_t process, int number);

#endif
