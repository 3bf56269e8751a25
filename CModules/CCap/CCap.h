// sys/capability.h, as Debian ships it.
#ifndef HOPSHIFT_CCAP_H
#define HOPSHIFT_CCAP_H

#include <sys/capability.h>

#endif
