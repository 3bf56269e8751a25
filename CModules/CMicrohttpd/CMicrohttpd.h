// microhttpd.h and what of GnuTLS makes certificates, as Debian ships them.
#ifndef HOPSHIFT_CMICROHTTPD_H
#define HOPSHIFT_CMICROHTTPD_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>

typedef enum MHD_Result (*cmicrohttpd_handler)(
    void *, struct MHD_Connection *, const char *, const char *, const char *, const char *,
    size_t *, void **);
typedef void (*cmicrohttpd_completed)(
    void *, struct MHD_Connection *, void **, enum MHD_RequestTerminationCode);
typedef void *(*cmicrohttpd_begun)(void *, const char *, struct MHD_Connection *);

// Variadic: with TLS, without, and on a socket that is there.
static inline struct MHD_Daemon *cmicrohttpd_start_secure(
    unsigned flags, const struct sockaddr_in *address, unsigned limit, size_t memory, unsigned idle,
    const char *key, const char *certificate, const char *priorities, cmicrohttpd_begun begun,
    cmicrohttpd_handler handler, cmicrohttpd_completed completed, void *owner) {
  return MHD_start_daemon(
      flags | MHD_USE_TLS, 0, NULL, NULL, handler, owner, MHD_OPTION_SOCK_ADDR, address,
      MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_CONNECTION_LIMIT, limit,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory, MHD_OPTION_CONNECTION_TIMEOUT, idle,
      MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_HTTPS_MEM_CERT, certificate,
      MHD_OPTION_HTTPS_PRIORITIES, priorities, MHD_OPTION_URI_LOG_CALLBACK, begun, owner,
      MHD_OPTION_NOTIFY_COMPLETED, completed, owner, MHD_OPTION_END);
}
static inline struct MHD_Daemon *cmicrohttpd_start_plain(
    unsigned flags, const struct sockaddr_in *address, unsigned limit, size_t memory, unsigned idle,
    cmicrohttpd_begun begun, cmicrohttpd_handler handler, cmicrohttpd_completed completed,
    void *owner) {
  return MHD_start_daemon(
      flags, 0, NULL, NULL, handler, owner, MHD_OPTION_SOCK_ADDR, address,
      MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_CONNECTION_LIMIT, limit,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory, MHD_OPTION_CONNECTION_TIMEOUT, idle,
      MHD_OPTION_URI_LOG_CALLBACK, begun, owner, MHD_OPTION_NOTIFY_COMPLETED, completed, owner,
      MHD_OPTION_END);
}
static inline struct MHD_Daemon *cmicrohttpd_start_listening(
    unsigned flags, int listener, unsigned limit, size_t memory, unsigned idle,
    cmicrohttpd_handler handler, cmicrohttpd_completed completed, void *owner) {
  return MHD_start_daemon(
      flags, 0, NULL, NULL, handler, owner, MHD_OPTION_LISTEN_SOCKET, listener,
      MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
      MHD_OPTION_CONNECTION_TIMEOUT, idle, MHD_OPTION_NOTIFY_COMPLETED, completed, owner,
      MHD_OPTION_END);
}

// Variadic without arguments.
static inline const union MHD_DaemonInfo *cmicrohttpd_info(
    struct MHD_Daemon *daemon, enum MHD_DaemonInfoType type) {
  return MHD_get_daemon_info(daemon, type);
}
static inline const union MHD_ConnectionInfo *cmicrohttpd_connection_info(
    struct MHD_Connection *connection, enum MHD_ConnectionInfoType type) {
  return MHD_get_connection_info(connection, type);
}

// Macros with casts.
static const unsigned cmicrohttpd_flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
static const ssize_t cmicrohttpd_broken = MHD_CONTENT_READER_END_WITH_ERROR;
static inline unsigned cgnutls_p256_bits(void) {
  return GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
}
static inline int cgnutls_set_common_name(gnutls_x509_crt_t certificate, const char *name) {
  return gnutls_x509_crt_set_dn_by_oid(
      certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name));
}
static inline int cgnutls_set_server_purpose(gnutls_x509_crt_t certificate) {
  return gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0);
}

// A variable that holds a function.
static inline void cgnutls_free(void *memory) { gnutls_free(memory); }

#endif
