// Lines of the daemon's own, each with its number in the journal's catalog.

import Chronicle
import Linux

extension Log {
  func notice(_ message: JournalMessage, _ text: String, _ fields: [Field] = []) {
    write(.notice, text, [("MESSAGE_ID", message.rawValue)] + fields)
  }

  func warning(_ message: JournalMessage, _ text: String, _ fields: [Field] = []) {
    write(.warning, text, [("MESSAGE_ID", message.rawValue)] + fields)
  }

  func error(_ message: JournalMessage, _ text: String, _ fields: [Field] = []) {
    write(.error, text, [("MESSAGE_ID", message.rawValue)] + fields)
  }
}
