// sqlite3.h, as Debian ships it.
#ifndef HOPSHIFT_CSQLITE_H
#define HOPSHIFT_CSQLITE_H

#include <sqlite3.h>

// Macro: SQLITE_TRANSIENT is a cast that Swift does not import. SQLite copies the text.
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, int length) {
  return sqlite3_bind_text(statement, index, text, length, SQLITE_TRANSIENT);
}

#endif
