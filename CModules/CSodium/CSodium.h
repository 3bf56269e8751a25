// sodium.h, as Debian ships it.
#ifndef HOPSHIFT_CSODIUM_H
#define HOPSHIFT_CSODIUM_H

#include <sodium.h>

#endif
