// Answers that say no, in the form of the resource manager.

import Model

enum Refusal {
  static func body(_ code: String, _ message: String, details: [JSON] = []) -> JSON {
    let error: JSON = [
      "code": .string(code), "message": .string(message), "details": .array(details),
    ]
    return ["error": error]
  }

  static func reply(
    _ status: Int, _ code: String, _ message: String, details: [JSON] = [], _ headers: [Pair] = []
  ) -> Reply {
    Reply(status, headers, body(code, message, details: details))
  }

  static func unknownPath(_ call: Call) -> Reply {
    let path = "/" + call.path.joined(separator: "/")
    return reply(404, "InvalidResourceType", "The resource type could not be found: \(path)")
  }

  static func wrongMethod(_ call: Call) -> Reply {
    reply(
      405, "HttpMethodNotAllowed", "The HTTP method '\(call.method)' is not supported here.")
  }

  static func absent(_ id: String) -> Reply {
    reply(
      404, "ResourceNotFound",
      "The Resource '\(id)' was not found. For more details please go to "
        + "https://aka.ms/ARMResourceNotFoundFix")
  }

  /// Of a route in a table that is there.
  static func absentRoute(_ id: String) -> Reply {
    reply(404, "NotFound", "Resource \(id) not found.")
  }

  /// As the recordings have it: the code says what failed, the detail why.
  static func changed(_ id: String, given: String, found: String) -> Reply {
    reply(
      412, "PreconditionFailed", "Precondition failed.",
      details: [
        [
          "code": "PreconditionFailedEtagMismatch",
          "message": .string(
            "Etag provided in if-match header \(given) does not match etag "
              + "\(found) of resource \(id) in NRP data store."),
        ]
      ])
  }

  /// A 429 that is no throttling. With `wait` it has a header too; without, only its words say it.
  static func busy(
    _ operation: String, _ id: String, seconds: Int64, header wait: Int64? = nil
  ) -> Reply {
    let words =
      "Operation \(operation) is updating resource \(id). "
      + "The call can be retried in \(seconds) seconds."
    return reply(
      429, "RetryableError", "A retryable error occurred.",
      details: [
        ["code": "RetryableErrorDueToAnotherOperation", "message": .string(words)]
      ], wait.map { [Pair("Retry-After", "\($0)")] } ?? [])
  }

  /// The 429 that is one.
  static func throttled(after wait: Nanoseconds) -> Reply {
    let seconds = max(1, (wait + .milliseconds(999)).seconds)
    return reply(
      429, "SubscriptionRequestsThrottled",
      "Number of requests for subscription exceeded the limit. Please try again after "
        + "'\(seconds)' seconds.", [Pair("Retry-After", "\(seconds)")])
  }

  static func forbidden(_ identity: String, action: String, _ scope: String) -> Reply {
    reply(
      403, "AuthorizationFailed",
      "The client '\(identity)' with object id '\(identity)' does not have authorization to "
        + "perform action '\(action)' over scope '\(scope)' or the scope is invalid. If access "
        + "was recently granted, please refresh your credentials.")
  }

  static func unauthorised(_ verdict: TokenOffice.Verdict) -> Reply {
    let (code, message, hint) =
      switch verdict {
      case .missing:
        (
          "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.",
          "invalid_request"
        )
      case .expired:
        (
          "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than now.",
          "invalid_token"
        )
      case .otherAudience:
        (
          "InvalidAuthenticationTokenAudience",
          "The access token has been obtained for wrong audience or resource.", "invalid_token"
        )
      case .good, .unknown:
        ("InvalidAuthenticationToken", "The access token is invalid.", "invalid_token")
      }
    let challenge =
      "Bearer authorization_uri=\"https://login.microsoftonline.com/\", error=\"\(hint)\""
    return reply(401, code, message, [Pair("WWW-Authenticate", challenge)])
  }
}
