/* The process's own number without a system call, also in a child after a fork. */
#ifndef BASE_PID_H
#define BASE_PID_H

#include <sys/types.h>

pid_t pid_self(void);

#endif
