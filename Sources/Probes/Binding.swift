// Who answers ARP for one address, and whether an answer can be believed.

package import Model

/// The MAC that answers for an address.
///
/// ARP has no secret and no number: whoever is on the LAN can answer for everybody. What can be
/// told is that an answer was not asked for. So an answer counts only while a probe is on its way,
/// from the MAC that is expected, and only if nobody answered without being asked since the probe
/// before: a forger or a chatterbox does that, a host does not. Disputed answers make nobody
/// healthy; a host that is up stays so while they last, since nothing speaks against it either.
package struct Binding: Sendable {
  /// Answers in a row that a target needs at least to be up: the first of a flood of forged replies
  /// may come while a probe is on its way.
  package static let leastRise = 2

  package private(set) var mac: MACAddress?
  /// Times that another MAC has begun to answer.
  package private(set) var changes: UInt32 = 0
  /// Replies that nobody had asked for.
  package private(set) var unasked: UInt64 = 0
  /// Replies from another MAC than the expected one.
  package private(set) var foreign: UInt64 = 0
  /// Answers that could not be told from forged ones.
  package private(set) var disputed: UInt64 = 0

  /// Unasked replies that are nothing to wonder at: our kernel asks too, at most once a second
  /// (RETRANS_TIMER), and each probe that was given up may still be answered.
  private var allowance = Binding.allowanceLimit
  private var allowedSince = Instant.zero
  private static let allowanceLimit = 4
  private static let allowancePause = Nanoseconds.seconds(1)

  /// Unasked replies since the last probe but one was sent: from anybody, and from `mac`.
  private var noise = Quiet()
  private var ownNoise = Quiet()

  /// Whether nobody spoke out of turn between the probe before and the present one.
  private struct Quiet: Sendable {
    private var before = false
    private var present = false

    var isQuiet: Bool { !before && !present }
    mutating func disturb() { present = true }
    mutating func keep(in keeper: inout Keeper) {
      keeper.keep(&before)
      keeper.keep(&present)
    }
    mutating func probeSent() {
      before = present
      present = false
    }
  }

  package init() {}

  package enum Verdict: Equatable, Sendable {
    /// It counts.
    case believed
    /// It counts, and the host answers with another MAC than before.
    case changed(from: MACAddress)
    /// A probe is on its way, and this may be its answer or a forgery: the probe says nothing.
    case disputed
    /// It has nothing to do with a probe.
    case ignored
  }

  /// Whether somebody answered out of turn lately.
  package var isDisputed: Bool { !noise.isQuiet }

  package mutating func probeSent() {
    noise.probeSent()
    ownNoise.probeSent()
  }

  /// The probe that was on its way is given up.
  package mutating func probeLost() { allowance = min(allowance + 1, Binding.allowanceLimit) }

  private mutating func isAllowed(at now: Instant) -> Bool {
    let earned = (now - allowedSince).count / Binding.allowancePause.count
    if earned > 0 {
      allowance = min(allowance + Int(clamping: earned), Binding.allowanceLimit)
      allowedSince = allowedSince + Binding.allowancePause * earned
    }
    guard allowance > 0 else { return false }
    allowance -= 1
    return true
  }

  /// A reply for the address, addressed to us. `isAsked`: a probe without an answer is on its way;
  /// `wasBroadcast`: it asked everybody; `isUp`: the target lives as far as we know.
  package mutating func replied(
    _ sender: MACAddress, isAsked: Bool, wasBroadcast: Bool, isUp: Bool, at now: Instant
  ) -> Verdict {
    guard isAsked else {
      unasked += 1
      if isAllowed(at: now) { return .ignored }
      noise.disturb()
      if sender == mac { ownNoise.disturb() }
      return .ignored
    }
    if sender == mac {
      // What others say out of turn does not harm a host that is up and answers as expected.
      if isUp ? ownNoise.isQuiet : noise.isQuiet { return .believed }
      disputed += 1
      return .disputed
    }
    guard mac == nil || wasBroadcast else {
      foreign += 1
      noise.disturb()
      return .ignored
    }
    guard noise.isQuiet else {
      foreign += 1
      noise.disturb()
      return .ignored
    }
    defer { mac = sender }
    guard let before = mac else { return .believed }
    changes += 1
    return .changed(from: before)
  }

  /// Forgets the MAC: the interface has changed, and with it the network behind it.
  package mutating func forget() {
    mac = nil
    noise = Quiet()
    ownNoise = Quiet()
  }
}

extension Binding {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&mac)
    keeper.keep(&changes)
    keeper.keep(&unasked)
    keeper.keep(&foreign)
    keeper.keep(&disputed)
    keeper.keep(&allowance)
    keeper.keep(&allowedSince)
    noise.keep(in: &keeper)
    ownNoise.keep(in: &keeper)
  }
}
