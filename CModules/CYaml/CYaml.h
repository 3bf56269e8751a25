// yaml.h, as Debian ships it.
#ifndef HOPSHIFT_CYAML_H
#define HOPSHIFT_CYAML_H

#include <yaml.h>

#endif
