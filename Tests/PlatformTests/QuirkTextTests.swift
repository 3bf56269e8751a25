// Quirks as text: what is written is read again, and nonsense changes nothing.

import Model
import Platform
import Testing

@Suite struct QuirkTextTests {
  @Test func `every quirk reads what it writes`() {
    for quirks in [Quirks.azure, .measuring] {
      var copy = Quirks()
      for name in Quirks.names {
        let text = quirks.text(of: name)
        #expect(text != nil, "\(name)")
        let isUnderstood = copy.set(name, text ?? "")
        #expect(isUnderstood, "\(name) \(text ?? "")")
      }
      #expect(copy == quirks)
    }
  }

  @Test func `every quirk can be changed by its name`() {
    for name in Quirks.names {
      let changed = ["off", "on", "9s", "7", "published*50%"].contains { value in
        var quirks = Quirks.azure
        return quirks.set(name, value) && quirks != .azure && quirks.text(of: name) == value
      }
      #expect(changed, "\(name)")
    }
  }

  @Test(arguments: [
    ("listens", "yes"), ("damping", "30"), ("damping", "-1s"), ("damping", "1e3s"),
    ("hold-time", "2s"), ("hold-time", "3500ms"), ("hold-time", "65536s"), ("route-limit", "-1"),
    ("ecmp-width", "0"), ("programming", "published*0%"), ("programming", "soon"),
    ("connect-retry", "1ms"), ("nothing", "on"), ("damping", "99999999999999999s"),
  ])
  func `nonsense is refused and changes nothing`(name: String, value: String) {
    var quirks = Quirks.azure
    let isUnderstood = quirks.set(name, value)
    #expect(!isUnderstood)
    #expect(quirks == .azure)
  }
}
