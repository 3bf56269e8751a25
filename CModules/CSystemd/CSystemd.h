// systemd/sd-daemon.h, as Debian ships it.
#ifndef HOPSHIFT_CSYSTEMD_H
#define HOPSHIFT_CSYSTEMD_H

#include <systemd/sd-daemon.h>

#endif
