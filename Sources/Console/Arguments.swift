// Cuts a command line into its verb, its options and its operands.

import Model

/// The words of a command line, sorted; what they mean is the matter of each command.
struct Arguments {
  private(set) var verb: Synopsis?
  private(set) var operands: [String] = []
  private var flags: [Option] = []
  private var values: [(option: Option, text: String)] = []

  /// `words` are those behind the program's name.
  init(_ words: [String]) throws(UsageError) {
    var optionsEnded = false
    var index = 0
    while index < words.count {
      let word = words[index]
      index += 1
      if !optionsEnded, word == "--" {
        optionsEnded = true
      } else if !optionsEnded, word.hasPrefix("-"), word != "-" {
        let next = index < words.count ? words[index] : nil
        if try takeOption(word, next: next) { index += 1 }
      } else if verb == nil {
        guard let found = Synopsis.all.first(where: { $0.verb == word }) else {
          throw .unknownVerb(word)
        }
        verb = found
      } else {
        operands.append(word)
      }
    }
  }

  /// Whether the word is an option, of whatever verb, whose argument is the next word.
  static func takesNext(_ word: String) -> Bool {
    let options = Option.global + Synopsis.all.flatMap(\.options)
    return options.contains { $0.name == word && $0.argument != nil }
  }

  func has(_ option: Option) -> Bool { flags.contains(option) }

  func value(_ option: Option) -> String? { values.first { $0.option == option }?.text }

  /// A count of at least one.
  func number(_ option: Option) throws(UsageError) -> Int? {
    guard let text = value(option) else { return nil }
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text), number > 0
    else { throw .badNumber(option, text) }
    return number
  }

  func length(_ option: Option) throws(UsageError) -> Nanoseconds? {
    guard let text = value(option) else { return nil }
    guard let length = LengthOfTime.read(text) else { throw .badLength(option, text) }
    return length
  }

  func size(_ option: Option) throws(UsageError) -> Int? {
    guard let text = value(option) else { return nil }
    guard let size = SizeText.read(text) else { throw .badSize(option, text) }
    return size
  }

  /// For verbs without operands.
  func refuseOperands(beyond count: Int = 0) throws(UsageError) {
    guard operands.count > count, let verb else { return }
    throw .unexpectedWord(operands[count], verb: verb.verb)
  }

  /// True when the option took the next word as its argument.
  private mutating func takeOption(_ word: String, next: String?) throws(UsageError) -> Bool {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = parts[0] == "-h" ? Option.help.name : String(parts[0])
    let attached = parts.count == 2 ? String(parts[1]) : nil
    if word == "--version", verb == nil {
      verb = VersionCommand.synopsis
      return false
    }
    let known = Option.global + (verb?.options ?? [])
    guard let option = known.first(where: { $0.name == name }) else {
      if verb == nil, Synopsis.all.contains(where: { $0.options.contains { $0.name == name } }) {
        throw .optionBeforeVerb(name)
      }
      throw .unknownOption(name, verb: verb?.verb)
    }
    guard option.argument != nil else {
      if attached != nil { throw .needlessArgument(option) }
      flags.append(option)
      return false
    }
    if values.contains(where: { $0.option == option }) { throw .optionTwice(option) }
    guard let text = attached ?? next, !text.isEmpty else { throw .missingArgument(option) }
    values.append((option, text))
    return attached == nil
  }
}
