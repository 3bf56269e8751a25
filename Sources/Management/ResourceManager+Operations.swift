// Long-running operations: where to ask for them, and what they answer.

import Model
import Platform

extension ResourceManager {
  mutating func newOperation(
    _ name: String, subscription: String, fate: Fate, at now: Instant
  ) -> Operation {
    var signature = ""
    while signature.utf8.count < Operation.signatureLength {
      signature += ResourceManager.hexadecimal(dice.next())
    }
    return Operation(
      id: newGUID(), subscription: subscription, name: name, ends: now + lasts, fate: fate,
      signature: signature)
  }

  /// The headers of an answer that begins an operation. There is no `Retry-After`, as in the
  /// recordings.
  func polling(
    _ operation: Operation, _ call: Call, origin: String, location: Bool
  ) -> [Pair] {
    let version = call.parameter("api-version") ?? ""
    let base =
      "\(origin)/subscriptions/\(operation.subscription)/providers/Microsoft.Network/locations/"
      + estate.location
    let query =
      "api-version=\(version)&t=638618913931234567&c=\(operation.signature)&s=lab&h=lab"
    var headers = [
      Pair("Azure-AsyncOperation", "\(base)/operations/\(operation.id)?\(query)"),
      Pair("Azure-AsyncNotification", "Enabled"),
    ]
    if location {
      headers.append(Pair("Location", "\(base)/operationResults/\(operation.id)?\(query)"))
    }
    return headers
  }

  /// `/subscriptions/S/providers/Microsoft.Network/locations/L/operations|operationResults/ID`
  func operation(_ call: Call, _ path: [String], origin: String, at now: Instant) -> Reply {
    guard call.method == "GET" else { return Refusal.wrongMethod(call) }
    guard path[6] == "operations" || path[6] == "operationresults" else {
      return Refusal.unknownPath(call)
    }
    guard let operation = operations.first(where: { $0.id == path[7] }),
      operation.subscription.lowercased() == path[1]
    else { return Refusal.reply(404, "NotFound", "Operation \(path[7]) was not found.") }
    // We chose it: Azure's query is signed, and whoever cuts it has no signature.
    guard call.parameter("c") == operation.signature else {
      return Refusal.reply(403, "AuthorizationFailed", "The signature of the URL is not right.")
    }
    if path[6] == "operations" { return status(of: operation, at: now) }
    guard operation.isOver else {
      return Reply(202, polling(operation, call, origin: origin, location: true))
    }
    switch operation.fate {
    case .succeeds: return operation.result.map { Reply(200, [], $0) } ?? Reply(200)
    case .fails, .isCancelled, .neverEnds:
      return Refusal.reply(500, "InternalServerError", "An error occurred.")
    }
  }

  private func status(of operation: Operation, at now: Instant) -> Reply {
    let status: JSON = ["status": .string(operation.status(at: now))]
    guard operation.isOver, operation.fate == .fails || operation.fate == .isCancelled else {
      return Reply(200, [], status)
    }
    let error: JSON = [
      "code": operation.fate == .fails ? "InternalServerError" : "Canceled",
      "message": "An error occurred.", "details": [],
    ]
    return Reply(200, [], status.adding("error", error))
  }
}
