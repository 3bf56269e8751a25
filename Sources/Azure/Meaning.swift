// What an answer of the resource manager asks of us.

package import Model

/// What the resource manager said was wrong, in its own words and bounded.
package struct Complaint: Hashable, Sendable {
  package static let codeLimit = 128
  package static let messageLimit = 512

  package var status: Int
  package var code: String
  package var message: String

  package init(status: Int, code: String, message: String = "") {
    self.status = status
    self.code = Complaint.readable(code, limit: Complaint.codeLimit)
    self.message = Complaint.readable(message, limit: Complaint.messageLimit)
  }

  /// What strangers write ends up in logs and on terminals.
  private static func readable(_ text: String, limit: Int) -> String {
    let readable = text.unicodeScalars.map { scalar in
      scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) ? " " : Character(scalar)
    }
    return String(String(readable).prefix(limit))
  }
}

extension Complaint: CustomStringConvertible {
  package var description: String {
    "\(status)\(code.isEmpty ? "" : " \(code)")\(message.isEmpty ? "" : ": \(message)")"
  }
}

/// The sense of an answer to a read or a write.
package enum Meaning: Hashable, Sendable {
  /// It is done or, for a read, here it is.
  case fine
  /// A write was taken, and the server goes on with it. Where to ask, if it said so.
  case accepted(Watch)
  /// Somebody else's change to the same table is under way: ask again, with the same content.
  case busy(Complaint, after: Nanoseconds?)
  /// Too many calls of this subscription: none may be made until the time is over, since a call
  /// before it is refused and may lengthen the wait.
  case throttled(Complaint, after: Nanoseconds?)
  /// The resource is not as it was when we read it.
  case changed
  /// The token is not good, or no longer.
  case unauthorised(Complaint)
  /// The token is good and does not allow this.
  case forbidden(Complaint)
  /// The thing itself is not there.
  case absent(Complaint)
  /// What it would be inside of is not there.
  case homeless(Complaint)
  /// Never so: another request has to be made, or somebody has to change something.
  case refused(Complaint)
  /// The server is in trouble; nobody knows whether a write took place.
  case failing(Complaint, after: Nanoseconds?)
}

/// Where the server says that it tells how an operation goes on.
package struct Watch: Hashable, Sendable {
  package var operation: String?
  package var location: String?
  package var after: Nanoseconds?

  package init(operation: String? = nil, location: String? = nil, after: Nanoseconds? = nil) {
    self.operation = operation
    self.location = location
    self.after = after
  }
}

extension Answer {
  /// The sense of this answer to a call of the resource manager.
  package var meaning: Meaning {
    switch status {
    case 200, 201, 204:
      let watch = Watch(
        operation: header("azure-asyncoperation"), location: header("location"), after: retryAfter)
      return watch.operation == nil ? .fine : .accepted(watch)
    case 202:
      return .accepted(
        Watch(
          operation: header("azure-asyncoperation"), location: header("location"),
          after: retryAfter))
    case 401: return .unauthorised(complaint)
    case 403: return .forbidden(complaint)
    case 404:
      return Answer.homelessCodes.contains(complaint.code.lowercased())
        ? .homeless(complaint) : .absent(complaint)
    case 408, 500...599: return .failing(complaint, after: retryAfter)
    case 409:
      // Whatever is in conflict now, is so because of another change; it may end.
      return .busy(complaint, after: retryAfter)
    case 412: return .changed
    case 429:
      let (found, isBusy, hint) = look()
      let wait = retryAfter ?? hint
      return isBusy ? .busy(found, after: wait) : .throttled(found, after: wait)
    default: return .refused(complaint)
    }
  }

  /// Codes of a 404 that speak of what the thing would be inside of.
  private static let homelessCodes = [
    "resourcegroupnotfound", "subscriptionnotfound", "parentresourcenotfound",
    "invalidsubscriptionid",
  ]

  /// The code and the words of an error body. What says most stands in the details, for the outer
  /// code of network resources is often only `RetryableError`.
  package var complaint: Complaint { look().found }

  private func look() -> (found: Complaint, isBusy: Bool, hint: Nanoseconds?) {
    guard let error = JSON.read(Wire.ErrorEnvelope.self, body)?.error else {
      return (Complaint(status: status, code: ""), false, nil)
    }
    var codes = [error.code ?? ""]
    var words = [error.message ?? ""]
    for detail in error.details ?? [] {
      codes.append(detail.code ?? "")
      words.append(detail.message ?? "")
    }
    let busy = codes.contains { code in
      let code = code.lowercased()
      return code.hasPrefix("retryableerror") || code == "anotheroperationinprogress"
        || code == "referencedresourcenotprovisioned"
    }
    let best = codes.last { !$0.isEmpty } ?? ""
    let hint = words.lazy.compactMap(Answer.secondsHint).first
    return (
      Complaint(status: status, code: best, message: words.last { !$0.isEmpty } ?? ""), busy, hint
    )
  }

  /// The wait out of "The call can be retried in 11 seconds."
  static func secondsHint(_ message: String) -> Nanoseconds? {
    guard let match = message.firstMatch(of: /retried in ([0-9]{1,5}) second/),
      let seconds = Int64(match.1)
    else { return nil }
    return min(.seconds(seconds), longestRetryAfter)
  }
}

/// How a long-running operation stands, by an answer to a poll.
package enum Progress: Hashable, Sendable {
  case running(after: Nanoseconds?)
  case succeeded
  /// It came to an end without success.
  case failed(Complaint)
  /// The server no longer knows of it: what stands has to be read.
  case forgotten
  /// The poll itself went wrong in a way that may pass.
  case unclear(Meaning)
}

extension Answer {
  /// The sense of this answer to a poll of `Azure-AsyncOperation`.
  package var operationProgress: Progress {
    switch status {
    case 200, 201, 202:
      guard let operation = JSON.read(Wire.Operation.self, body), let status = operation.status
      else { return self.status == 202 ? .running(after: retryAfter) : .forgotten }
      switch status.lowercased() {
      case "succeeded": return .succeeded
      case "failed", "canceled", "cancelled":
        return .failed(
          Complaint(
            status: self.status, code: operation.error?.code ?? status,
            message: operation.error?.message ?? ""))
      // Three words end an operation, every other one means that it goes on.
      default: return .running(after: retryAfter)
      }
    case 204: return .succeeded
    case 404, 410: return .forgotten
    default: return .unclear(meaning)
    }
  }

  /// The sense of this answer to a poll of `Location`: 202 until it is over.
  package var locationProgress: Progress {
    switch status {
    case 202: .running(after: retryAfter)
    case 200, 201, 204: .succeeded
    case 404, 410: .forgotten
    default: .unclear(meaning)
    }
  }
}
