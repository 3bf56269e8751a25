// The kinds of messages in the courier's log, each with its number in the journal's catalog.

import Azure
import Linux
import Model

/// The value is the MESSAGE_ID (systemd.journal-fields(7)): made at random once, never changed and
/// never used for something else. packaging/systemd/hopshift-courier.catalog explains each.
package enum CourierMessage: String, CaseIterable, Sendable {
  case started = "3a1d0184355691053364fbcaeebca37d"
  case stopping = "8aaf802fb10a64bc8bd3bce607e3469b"
  case connected = "8c482edfacfe3c208cb50be6f68ba432"
  case disconnected = "4720ab46edc4cc489b72d081e49244b2"
  /// How far the routes of a VIP have come.
  case progress = "d1cdc1848e2dd891392870ca0f6433ed"
  /// The routes of a VIP could not be written.
  case routesFailed = "3700b511326f3a6ef7c618b9b81332c5"
  /// Somebody else has changed a route.
  case foreignRoute = "8ca3b3f1376aa7d46eb53cdc271b5dc2"
  /// Routes of the kernel in route tables.
  case kernelRoutes = "b4015bf9ac2ad6e03840ed60a6495c15"
  case storeFailed = "5deddf08149bd01744d22f06ffaf9101"
  case storeWorks = "de02c29f600440676a846830c3ace2ee"
  case unsettled = "cf01362ad412959ee0ea59bf920694fe"
  case paused = "d9ebd3c7cc89f6d69d98ae2e052442ce"
  case token = "c85dd141de1ca12e180c1a07c8a3a3a9"
  case surroundings = "692f9748d41f5397c2f560c430cdb62d"
  case metrics = "964af41a5df8a652a8eb8c863981cc6d"
  case advice = "a4beed76976f75bc841fe256103621ba"
  case event = "ddf93fa928035dffe8ff349af40d7c04"
  case trouble = "c05281b8b3dbf7c32fb4852e49bbc6e9"
  /// It ends because it cannot go on.
  case failed = "80d5377980adf381bf74620d6254f946"

  init(_ topic: Topic) {
    self =
      switch topic {
      case .token: .token
      case .surroundings: .surroundings
      case .advice: .advice
      case .event: .event
      case .kernelRoutes: .kernelRoutes
      }
  }

  init(_ stage: RouteStage) {
    self =
      switch stage {
      case .failed: .routesFailed
      case .foreign: .foreignRoute
      default: .progress
      }
  }
}

extension Log {
  /// An entry with its number, and with what else the journal keeps beside the text.
  func notice(_ message: CourierMessage, _ text: String, _ fields: [Field] = []) {
    write(.notice, text, [("MESSAGE_ID", message.rawValue)] + fields)
  }

  func warning(_ message: CourierMessage, _ text: String, _ fields: [Field] = []) {
    write(.warning, text, [("MESSAGE_ID", message.rawValue)] + fields)
  }
}
