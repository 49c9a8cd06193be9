/* Telling systemd (sd_notify's datagrams, without its library); silent without NOTIFY_SOCKET.
 */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

#include <stdint.h>

void notify_init(void); /* reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID */
void notify_ready(const char *status);
void notify_reloading(int64_t mono_ns);
void notify_stopping(void);
/* Once half the watchdog's interval has passed since the last one. */
void notify_alive(int64_t mono_ns);

#endif
