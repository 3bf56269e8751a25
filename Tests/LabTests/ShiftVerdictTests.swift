// The judge of the demos fails what must fail: each planted fault is found, and a clean shift passes.

import Foundation
import Lab
import Management
import Model
import Platform
import Testing

struct ShiftVerdictTests {
  private static let speaker = IPv4Address(10, 0, 2, 10)
  private static let other = IPv4Address(10, 0, 2, 20)

  private static func update(
    announcing: [String] = [], withdrawing: [String] = [], via hop: IPv4Address? = nil
  ) -> WireUpdate {
    var update = WireUpdate()
    update.announced = announcing.compactMap { Prefix($0) }
    update.withdrawn = withdrawing.compactMap { Prefix($0) }
    update.hasWithdrawnField = !withdrawing.isEmpty
    update.nextHop = hop
    return update
  }

  @Test func `a claim is one UPDATE with the new next hop`() {
    let good = Self.update(announcing: ["10.1.0.5/32"], via: Self.speaker)
    func faults(_ seen: [WireUpdate]) -> Int {
      ShiftVerdict.ofClaim("rs1", seen, to: Self.speaker).count
    }
    #expect(faults([good]) == 0)
    #expect(faults([]) == 1)
    #expect(faults([good, good]) == 1)
    #expect(faults([Self.update(announcing: ["10.1.0.5/32"], via: Self.other)]) == 1)
    let withdrawing = Self.update(
      announcing: ["10.1.0.5/32"], withdrawing: ["10.1.0.6/32"], via: Self.speaker)
    #expect(faults([withdrawing]) == 1)
  }

  @Test func `a departure takes back so many prefixes in so few UPDATEs, and announces nothing`() {
    func faults(_ seen: [WireUpdate], from source: IPv4Address = Self.speaker) -> Int {
      ShiftVerdict.ofDeparture(
        "rs1", seen.map { (source, $0) }, of: 2, from: Self.speaker, most: 1
      ).count
    }
    let good = Self.update(withdrawing: ["10.9.0.0/24", "10.9.1.0/24"])
    #expect(faults([good]) == 0)
    // None, and so nothing was withdrawn.
    #expect(faults([]) == 2)
    #expect(faults([good, Self.update(withdrawing: ["10.9.1.0/24"])]) == 1)
    #expect(faults([Self.update(withdrawing: ["10.9.0.0/24"])]) == 1)
    #expect(faults([good], from: Self.other) == 1)
    let announcing = Self.update(
      announcing: ["10.9.2.0/24"], withdrawing: ["10.9.0.0/24", "10.9.1.0/24"], via: Self.speaker)
    #expect(faults([announcing]) == 1)
  }

  @Test func `the strip has a letter for each moment, and a dot for nobody`() {
    func answer(_ host: String, _ milliseconds: Int64) -> Answer {
      Answer(from: host, moment: Moment(nanoseconds: milliseconds * 1_000_000))
    }
    let start = Moment(nanoseconds: 1_000_000_000)
    let answers = [
      answer("ws1", 990), answer("ws1", 1_000), answer("ws1", 1_019), answer("ws2", 1_041),
      answer("ws2", 2_000),
    ]
    #expect(LiveStrip.letters(answers, from: start, 4) == "1.2.")
  }

  @Test func `the manual names every fault`() throws {
    let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let page = try String(contentsOfFile: "/\(path)/packaging/man/hopshift-lab.1", encoding: .utf8)
    let words = Set(page.split { " \n,".contains($0) }.map(String.init))
    for name in Fault.allCases.map(\.rawValue) + Mischief.allCases.map(\.rawValue) {
      #expect(words.contains(name), "\(name) is not in hopshift-lab.1")
    }
  }
}
