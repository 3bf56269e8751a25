// A certificate authority that lives as long as the process, and whom it vouches for.

import CMicrohttpd
package import Model

/// Makes certificates for servers. Keys are ECDSA on P-256 and are never written to a disk.
@safe
package final class Authority {
  /// What a certificate says.
  package struct Wish: Sendable {
    package var names: [String]
    package var addresses: [IPv4Address]
    /// Seconds since 1970.
    package var begins: Int64
    package var ends: Int64

    package init(names: [String], addresses: [IPv4Address] = [], begins: Int64, ends: Int64) {
      self.names = names
      self.addresses = addresses
      self.begins = begins
      self.ends = ends
    }
  }

  @safe
  private final class Pair {
    let key: gnutls_x509_privkey_t
    let certificate: gnutls_x509_crt_t

    init() throws(WebServerError) {
      var key: gnutls_x509_privkey_t?
      var certificate: gnutls_x509_crt_t?
      try check(unsafe gnutls_x509_privkey_init(&key))
      try check(unsafe gnutls_x509_crt_init(&certificate))
      guard let key = unsafe key, let certificate = unsafe certificate else {
        throw .certificate(GNUTLS_E_MEMORY_ERROR)
      }
      unsafe self.key = key
      unsafe self.certificate = certificate
      try check(
        unsafe gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, cgnutls_p256_bits(), 0))
    }

    deinit {
      unsafe gnutls_x509_crt_deinit(certificate)
      unsafe gnutls_x509_privkey_deinit(key)
    }
  }

  private let own: Pair
  private var serial: UInt64
  /// What a client has to believe, in PEM.
  package let certificate: String

  /// `serial` is where the numbers of its certificates begin.
  package init(name: String, serial: UInt64, begins: Int64, ends: Int64) throws(WebServerError) {
    own = try Pair()
    self.serial = serial & 0x3fff_ffff_ffff_ffff
    let pair = own
    try Authority.prepare(pair, name: name, serial: self.serial, begins: begins, ends: ends)
    try check(unsafe gnutls_x509_crt_set_basic_constraints(pair.certificate, 1, 0))
    try check(
      unsafe gnutls_x509_crt_set_key_usage(
        pair.certificate, UInt32(GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN)))
    try check(
      unsafe gnutls_x509_crt_sign2(
        pair.certificate, pair.certificate, pair.key, GNUTLS_DIG_SHA256, 0))
    certificate = try unsafe Authority.text { datum in
      unsafe gnutls_x509_crt_export2(pair.certificate, GNUTLS_X509_FMT_PEM, datum)
    }
  }

  /// Vouches for a new identity.
  package func identity(
    _ wish: Wish, priorities: String = Identity.modern
  ) throws(WebServerError) -> Identity {
    let pair = try Pair()
    serial += 1
    try Authority.prepare(
      pair, name: wish.names.first ?? "nobody", serial: serial, begins: wish.begins,
      ends: wish.ends)
    try check(unsafe gnutls_x509_crt_set_basic_constraints(pair.certificate, 0, -1))
    try check(
      unsafe gnutls_x509_crt_set_key_usage(
        pair.certificate, UInt32(GNUTLS_KEY_DIGITAL_SIGNATURE)))
    try check(unsafe cgnutls_set_server_purpose(pair.certificate))
    for name in wish.names {
      try check(
        unsafe gnutls_x509_crt_set_subject_alt_name(
          pair.certificate, GNUTLS_SAN_DNSNAME, name, UInt32(name.utf8.count),
          UInt32(GNUTLS_FSAN_APPEND)))
    }
    for address in wish.addresses {
      var bits = address.bits.bigEndian
      try check(
        unsafe gnutls_x509_crt_set_subject_alt_name(
          pair.certificate, GNUTLS_SAN_IPADDRESS, &bits, 4, UInt32(GNUTLS_FSAN_APPEND)))
    }
    let (id, length) = try Authority.keyID(of: own)
    try check(unsafe gnutls_x509_crt_set_authority_key_id(pair.certificate, id, length))
    try check(
      unsafe gnutls_x509_crt_sign2(
        pair.certificate, own.certificate, own.key, GNUTLS_DIG_SHA256, 0))
    let text = try unsafe Authority.text { datum in
      unsafe gnutls_x509_crt_export2(pair.certificate, GNUTLS_X509_FMT_PEM, datum)
    }
    let key = try unsafe Authority.text { datum in
      unsafe gnutls_x509_privkey_export2_pkcs8(
        pair.key, GNUTLS_X509_FMT_PEM, nil, UInt32(GNUTLS_PKCS_PLAIN.rawValue), datum)
    }
    return Identity(certificate: text + certificate, key: key, priorities: priorities)
  }

  private static func prepare(
    _ pair: Pair, name: String, serial: UInt64, begins: Int64, ends: Int64
  ) throws(WebServerError) {
    let certificate = unsafe pair.certificate
    try check(unsafe gnutls_x509_crt_set_version(certificate, 3))
    var number = serial.bigEndian
    try check(unsafe gnutls_x509_crt_set_serial(certificate, &number, 8))
    try check(unsafe cgnutls_set_common_name(certificate, name))
    try check(unsafe gnutls_x509_crt_set_activation_time(certificate, time_t(begins)))
    try check(unsafe gnutls_x509_crt_set_expiration_time(certificate, time_t(ends)))
    try check(unsafe gnutls_x509_crt_set_key(certificate, pair.key))
    let (id, length) = try keyID(of: pair)
    try check(unsafe gnutls_x509_crt_set_subject_key_id(certificate, id, length))
  }

  private static func keyID(of pair: Pair) throws(WebServerError) -> ([UInt8], Int) {
    var id = [UInt8](repeating: 0, count: 64)
    var length = id.count
    try check(unsafe gnutls_x509_crt_get_key_id(pair.certificate, 0, &id, &length))
    return (id, length)
  }

  private static func text(
    _ export: (UnsafeMutablePointer<gnutls_datum_t>) -> Int32
  ) throws(WebServerError) -> String {
    var datum = unsafe gnutls_datum_t()
    try check(unsafe export(&datum))
    defer { unsafe cgnutls_free(datum.data) }
    let bytes = unsafe UnsafeBufferPointer(start: datum.data, count: Int(datum.size))
    return unsafe String(decoding: bytes, as: UTF8.self)
  }
}

/// GnuTLS' errors are negative.
private func check(_ code: Int32) throws(WebServerError) {
  if code < 0 { throw .certificate(code) }
}
