// The kinds of messages in the log, each with the number under which the journal's catalog has it.

/// The value is the MESSAGE_ID (systemd.journal-fields(7)): made at random once, never changed and
/// never used for something else. packaging/systemd/hopshift.catalog explains each.
package enum JournalMessage: String, CaseIterable, Sendable {
  case sessionEstablished = "246c481f65d6911c5ae93ba472bbabb3"
  case sessionLost = "fb87b550d924c023dd46bb2b55f4b6b7"
  /// A VIP's next hop has changed.
  case shift = "6783c9b5b6e98335e476be4e3e40ccef"
  /// What this machine claims has changed, and no next hop with it.
  case rung = "b9cda0cd726ff3889085f29ccce9cec2"
  case confirmed = "ce6a2a04141ca93cf1abef20956b3004"
  case unconfirmed = "5e768de7288c8ebfeac79ab65d786855"
  /// The route tables lead where a shift has led.
  case tabled = "7034396525d552b21c2ab3e498550732"
  /// Nobody can carry a VIP.
  case vacant = "cc9a5fac28d1cfef8091267d0ff6c304"
  case recovered = "f63f665c7a4e3c1e68be2cd71a123396"
  /// No rung is left, or the last was taken.
  case rungsEnd = "181ca98900837e1a260c02788a005963"
  case hostHealth = "2d17a4f7fd6f5062c069b7a539887a9c"
  case evidence = "6945b7e77b6d1e6638966f65a31a73be"
  case ownNetwork = "53b0ec7c44e63bb59cb70e755802193f"
  case speaker = "e2d21596879c32e9865bf24356c155ad"
  case outOfService = "95c0a03ad487fec0414a4ab01635558f"
  case placement = "81facebcc497e48587e1c75f9ecbbf9e"
  /// Where a VIP's routes in route tables should lead.
  case routesWanted = "169a4b324745033b29d4d24f5b360d42"
  case draining = "2ddec52dc18ca00d9c2b9f624d64094b"
  case stateForgotten = "8ecf66ecc2725c9b0b3792796ffb6508"
  case paused = "8a758f2ef5b7da6536e163394843a8ff"
  case kernelStale = "aa971db6f91fe7320a18d20cdac1d7bf"
  case kernelCurrent = "fac805292a4da090ea50f51c2a741781"
  /// Something does not work, and what depends on it goes without.
  case alarm = "355172f9d33dca6d9825f92d7597b648"
  /// Lines about one thing were held back.
  case withheld = "9007c4f95d0670422e99a5505d038578"
  case started = "604c90684265380091c00fc89da2aef9"
  case stopping = "057d42a8b03cab5b137f6ea866c57de2"
  case ended = "f9d12962a56dcc4b4868fc467cf0f1fb"
  /// It ends because it cannot go on.
  case failed = "200cfe295fc1e62aa26895ac8fe57241"
  /// Where route servers and other speakers are listened for.
  case listening = "b674340fc37d6320eaa09993414d5079"
  case reloaded = "375cd5ed60f339dcf2d9d145eb70cfbd"
  case reloadRefused = "270be7ad99286a388eb605a8d80b9a75"
  /// One of the reasons for that.
  case mistake = "5d1c3875590db33288d0a0179f5f11a8"
  /// A reload that was on trial stays.
  case reloadKept = "f98d402ca62ab454feab7b01ffaf646c"
  /// What was followed before a trial is followed again.
  case reloadTakenBack = "64c2e2d793338517da42f814e76ba6c8"
  case groupKey = "4a954dea83839a3867a702dc4db9e23e"
  /// A datagram of a speaker, or of a stranger, was not let in.
  case helloRefused = "46fc2d4f90ef2bb803dd76127b7e4b58"
  /// Hello cannot leave or cannot be received, or can again.
  case helloTrouble = "a0039f5894b9efda017143dc03c5e1b1"
  /// A file that is kept for the next start or for others, and is not as it should be.
  case fileTrouble = "cdcdd286fe4d8f38f32ace2f1c9d3e10"
  /// What Azure is about to do to this machine.
  case machineEvent = "88e84d133ab9b63be89953e4d4256513"
  /// No traffic comes here any more, so an event may begin.
  case vacated = "ad25dcbf5ef3ff1d7e6fd8179837f1dd"
}
