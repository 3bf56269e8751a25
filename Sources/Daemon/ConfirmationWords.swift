// How the asking through a VIP stands, in one word.

import Engine
import Model
import Probes

enum ConfirmationWords {
  /// Nil when nobody asks, or nothing has moved yet.
  static func state(_ vip: VIPSlot, _ engine: borrowing Engine) -> String? {
    switch engine.confirmation(of: vip)?.state {
    case nil, .idle: nil
    case .awaited: "awaited"
    case .overdue: "overdue"
    case .confirmed: "confirmed"
    }
  }
}
