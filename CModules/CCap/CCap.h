// sys/capability.h, as Debian ships it.
#ifndef HOPSHIFT_CCAP_H
#define HOPSHIFT_CCAP_H

#include <errno.h>
#include <stddef.h>
#include <sys/capability.h>

// libcap reports through errno, which could be overwritten before Swift reads it: each shim answers
// -errno instead.
static inline long ccap_get_process(cap_t *out) { return (*out = cap_get_proc()) ? 0 : -errno; }
static inline long ccap_set_process(cap_t set) { return cap_set_proc(set) < 0 ? -errno : 0; }
static inline long ccap_clear_ambient(cap_value_t capability) {
  return cap_set_ambient(capability, CAP_CLEAR) < 0 ? -errno : 0;
}

#endif
