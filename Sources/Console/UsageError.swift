// What can be wrong with a command line.

import Model

/// Why a command line was not understood.
package enum UsageError: Error, Hashable, Sendable {
  case noVerb
  case unknownVerb(String)
  case unknownOption(String, verb: String?)
  /// An option of a verb stands before the verb.
  case optionBeforeVerb(String)
  case missingArgument(Option)
  case needlessArgument(Option)
  case optionTwice(Option)
  case badNumber(Option, String)
  case badLength(Option, String)
  case badSize(Option, String)
  case missingWord(String, verb: String)
  case unexpectedWord(String, verb: String)
  case unknownWord(String, known: [String])
  case missingOption(Option, verb: String)

  /// What a person is told, without the program's name.
  package var message: String {
    switch self {
    case .noVerb: "a verb is missing; there are \(UsageError.verbs)"
    case .unknownVerb(let verb):
      "unknown verb '\(Printable.clean(verb))'; "
        + UsageError.advice(verb, Synopsis.all.map(\.verb), else: "there are \(UsageError.verbs)")
    case .unknownOption(let name, let verb?):
      "unknown option '\(Printable.clean(name))'; "
        + UsageError.advice(
          name, UsageError.options(of: verb),
          else: "'hopshift help \(verb)' lists those of \(verb)")
    case .unknownOption(let name, nil):
      "unknown option '\(Printable.clean(name))'; "
        + UsageError.advice(
          name, Option.global.map(\.name), else: "'hopshift help' lists those there are")
    case .optionBeforeVerb(let name): "option '\(name)' belongs behind its verb"
    case .missingArgument(let option): "option '\(option.usage)' lacks its argument"
    case .needlessArgument(let option): "option '\(option.name)' takes no argument"
    case .optionTwice(let option): "option '\(option.name)' is given twice"
    case .badNumber(let option, let text):
      "'\(Printable.clean(text))' is no number for '\(option.usage)'; write 1 or more, such as 10"
    case .badLength(let option, let text):
      "'\(Printable.clean(text))' is no length of time for '\(option.usage)'; "
        + "write a number and ms, s, m or h, such as 10s, of at most a week"
    case .badSize(let option, let text):
      "'\(Printable.clean(text))' is no size for '\(option.usage)'; "
        + "write a number and nothing, K, M or G behind it, such as 64M"
    case .missingWord(let word, let verb): "\(verb) needs \(word)"
    case .unexpectedWord(let word, let verb):
      "'\(Printable.clean(word))' is one word too many for \(verb)"
    case .missingOption(let option, let verb): "\(verb) needs '\(option.usage)'"
    case .unknownWord(let word, let known):
      "unknown word '\(Printable.clean(word))'; "
        + UsageError.advice(word, known, else: "there are \(known.joined(separator: ", "))")
    }
  }

  /// The word that was meant: the only one that begins like it, or the nearest; else all there are.
  private static func advice(_ word: String, _ known: [String], else list: String) -> String {
    let longer = known.filter { $0.hasPrefix(word) }
    guard let meant = longer.count == 1 ? longer[0] : Nearest.word(to: word, among: known) else {
      return list
    }
    return "did you mean \(meant)?"
  }

  private static func options(of verb: String) -> [String] {
    (Option.global + (Synopsis.all.first { $0.verb == verb }?.options ?? [])).map(\.name)
  }

  private static var verbs: String { Synopsis.all.map(\.verb).joined(separator: ", ") }
}
