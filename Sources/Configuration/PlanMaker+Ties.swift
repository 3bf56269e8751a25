// Checks what concerns several VIPs: which move as one, when they go back, and how claims can tie.
import Model

extension PlanMaker {
  /// Gives VIPs with the same word the same number, in the order in which the words appear.
  mutating func tie(_ vips: inout [Plan.VIP], from sections: [Section]) {
    var numbers: [String: Int] = [:]
    var firsts: [Int] = []
    for index in vips.indices {
      guard let item = sections[index].value(.tie), let word = item.name else { continue }
      if let number = numbers[word] {
        vips[index].tie = number
        checkAlike(vips[index], vips[firsts[number]], item.position, sections[index].path(.tie))
      } else {
        vips[index].tie = firsts.count
        numbers[word] = firsts.count
        firsts.append(index)
      }
    }
    warnOfLoneTies()
  }

  /// VIPs that move as one are decided as one.
  private mutating func checkAlike(
    _ vip: Plan.VIP, _ first: Plan.VIP, _ position: Position, _ path: String
  ) {
    guard let difference = difference(vip, first) else { return }
    problems.error(
      position, path,
      "this VIP and \(first.name) are to move as one, but their \(difference) differ")
  }

  private func difference(_ vip: Plan.VIP, _ first: Plan.VIP) -> String? {
    switch (vip.role, first.role) {
    case (.address(let one), .address(let other)):
      if one.settle != other.settle { return "settle times" }
    case (.healthy(let one), .healthy(let other)):
      if one.rank != other.rank { return "ranks" }
      if one.isBalanced != other.isBalanced { return "values of balance" }
    case (.watcher, .watcher):
      // In the same order: what moves is the place in the list.
      let hosts = vip.candidates.map(\.host)
      if hosts != first.candidates.map(\.host) { return "hosts" }
    default: return "ways to be decided"
    }
    return vip.failback == first.failback ? nil : "failback times"
  }

  private mutating func warnOfLoneTies() {
    let sections = root.named(.vips) ?? []
    var counts: [String: Int] = [:]
    for section in sections {
      if let word = section.value(.tie)?.name { counts[word, default: 0] += 1 }
    }
    for section in sections {
      guard let item = section.value(.tie), let word = item.name, counts[word] == 1 else {
        continue
      }
      problems.warn(
        item.position, section.path(.tie), "no other VIP has the word \(word)")
    }
  }

  /// Traffic never goes back before the damping window is over, whatever stands here.
  mutating func warnOfFailback(_ vips: [Plan.VIP], from sections: [Section]) {
    guard let servers = root.section(.routeServers), let platform,
      let damping = damping(servers, platform)
    else { return }
    for (vip, section) in zip(vips, sections) {
      guard let length = vip.failback, length < damping.window,
        let written = failback(section)
      else { continue }
      switch vip.role {
      case .address: continue
      case .healthy(let owner): if owner.isBalanced { continue }
      case .watcher: break
      }
      let window = DurationText.text(damping.window)
      let position =
        written.item?.position ?? servers.section(.damping)?.value(.window)?.position
        ?? section.position
      problems.warn(
        position, section.path(.failback),
        "\(DurationText.text(length)) is shorter than the damping window of \(window), which "
          + "counts in its place",
        suggestion: "write failback: \(window) or more")
      // Without the key all VIPs are alike.
      if written.item == nil { return }
    }
  }

  /// Said once a file: who reads it must know how far claims without hello carry.
  mutating func warnOfTies(_ sections: [Section]) {
    guard root.field(.group) == nil, let owner = firstByAddress(sections) else { return }
    guard root.field(.routeServers) != nil else {
      problems.warn(
        owner.position, KeyName.vips.rawValue,
        "owners do not hear each other (no hello): one that was frozen still has its address when "
          + "it goes on, and may say that its route is its own before it hears otherwise",
        suggestion: "put both machines into a group")
      return
    }
    problems.warn(
      owner.position, KeyName.vips.rawValue,
      "owners do not hear each other (no hello), so claims may tie: an address that was there at "
        + "start claims at owner, one that comes later at takeover-1, and one that comes back "
        + "two rungs above the machine's last claim; a third machine, or a daemon that was "
        + "restarted, begins at the bottom and may tie with a frozen machine or lose to it",
      suggestion: "let two machines share a VIP, not more; see CLAIMS in hopshift.yaml(5)")
  }

  private func firstByAddress(_ sections: [Section]) -> Section.Field? {
    for section in sections {
      guard let field = section.field(.owner), let owner = section.section(.owner) else { continue }
      if owner.word(.when) == "address" { return field }
    }
    return nil
  }
}
