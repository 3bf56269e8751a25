// Scheduled events of the lab: what Azure is about to do to machines, by its own words.

/// One event. It begins at its time or when somebody lets it begin, and is gone when it is over.
package struct ScheduledEvent: Hashable, Sendable {
  package enum Kind: String, CaseIterable, Hashable, Sendable {
    case freeze = "Freeze"
    case reboot = "Reboot"
    case redeploy = "Redeploy"
    case preempt = "Preempt"
    case terminate = "Terminate"
  }

  package var id: String
  package var kind: Kind
  package var machines: [String]
  /// When it begins by itself, in seconds since 1970.
  package var notBefore: Int64
  /// How long it is listed as begun; -1: until somebody ends it, which Azure writes as unknown.
  package var lasts: Int64
  package var begun: Int64?

  func json(wall: Int64) -> JSON {
    let seconds = JSON.number("\(lasts)")
    return [
      "EventId": .string(id), "EventStatus": begun == nil ? "Scheduled" : "Started",
      "EventType": .string(kind.rawValue), "ResourceType": "VirtualMachine",
      "Resources": .array(machines.map { .string($0) }),
      // What has begun has no time any more.
      "NotBefore": .string(begun == nil ? WallClock.text(notBefore) : ""),
      "Description": "Host server is undergoing maintenance.", "EventSource": "Platform",
      "DurationInSeconds": seconds,
    ]
  }
}

/// The list, which goes to every machine of the lab: they are one availability set.
struct EventList: Hashable, Sendable {
  static let limit = 100

  private(set) var events: [ScheduledEvent] = []
  /// Counts changes.
  private(set) var incarnation: Int64 = 1

  /// False when there are too many.
  mutating func add(_ event: ScheduledEvent) -> Bool {
    guard events.count < EventList.limit else { return false }
    events.append(event)
    incarnation += 1
    return true
  }

  /// Lets an event begin; false when there is none of this name that waits.
  mutating func begin(_ id: String, wall: Int64) -> Bool {
    guard let place = events.firstIndex(where: { $0.id == id && $0.begun == nil }) else {
      return false
    }
    events[place].begun = wall
    incarnation += 1
    return true
  }

  mutating func end(_ id: String) -> Bool {
    guard let place = events.firstIndex(where: { $0.id == id }) else { return false }
    events.remove(at: place)
    incarnation += 1
    return true
  }

  mutating func settle(wall: Int64) {
    for event in events where event.begun == nil && event.notBefore <= wall {
      _ = begin(event.id, wall: event.notBefore)
    }
    for event in events {
      guard let begun = event.begun, event.lasts >= 0, begun + event.lasts <= wall else { continue }
      _ = end(event.id)
    }
  }

  func json(wall: Int64) -> JSON {
    let number = JSON.number("\(incarnation)")
    return [
      "DocumentIncarnation": number, "Events": .array(events.map { $0.json(wall: wall) }),
    ]
  }
}

/// Times as HTTP writes them (RFC 9110 section 5.6.7).
enum WallClock {
  private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  static func text(_ seconds: Int64) -> String {
    let day = seconds >= 0 ? seconds / 86_400 : -((86_399 - seconds) / 86_400)
    let rest = seconds - day * 86_400
    let (year, month, dayOfMonth) = date(day)
    let weekday = days[Int(((day % 7) + 7) % 7)]
    return "\(weekday), \(two(dayOfMonth)) \(months[month - 1]) \(year) "
      + "\(two(Int(rest / 3_600))):\(two(Int(rest / 60 % 60))):\(two(Int(rest % 60))) GMT"
  }

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  /// The Gregorian date of a day counted from 1970: in years that begin in March the leap day is
  /// the last, and 400 years have 146,097 days.
  private static func date(_ day: Int64) -> (Int64, Int, Int) {
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let ofEra = shifted - era * 146_097
    let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * ofYear + 2) / 153
    let dayOfMonth = Int(ofYear - (153 * month + 2) / 5 + 1)
    let calendar = Int(month < 10 ? month + 3 : month - 9)
    return (yearOfEra + era * 400 + (calendar <= 2 ? 1 : 0), calendar, dayOfMonth)
  }
}
