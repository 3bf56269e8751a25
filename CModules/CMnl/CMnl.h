// libmnl/libmnl.h, as Debian ships it.
#ifndef HOPSHIFT_CMNL_H
#define HOPSHIFT_CMNL_H

#include <libmnl/libmnl.h>

#endif
