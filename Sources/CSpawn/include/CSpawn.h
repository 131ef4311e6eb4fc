// What Glibc's overlay does not show to Swift: GNU calls around posix_spawn. Every function answers as the call it wraps.
#ifndef CSPAWN_H
#define CSPAWN_H

#include <sys/types.h>

/// pipe2(O_CLOEXEC).
int cspawn_pipe(int ends[2]);
/// eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK).
int cspawn_eventfd(void);
/// eventfd_write(event, 1).
int cspawn_eventfd_raise(int event);
/// pidfd_open(process, 0).
int cspawn_pidfd(pid_t process);
/// write(2) that answers EPIPE without a signal to the process.
ssize_t cspawn_write(int descriptor, const void *bytes, size_t count);
/// posix_spawn into a process group of its own, with the three streams and no other descriptor, default signal handling
/// and an empty signal mask. `folder` may be null. Answers an error number, 0 for success.
int cspawn_start(
    pid_t *process, const char *path, char *const arguments[], char *const environment[], int input, int output,
    int error, const char *folder);

#endif
