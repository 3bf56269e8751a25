// libyaml's words for a syntax error, and ours.

/// Sentences for the errors of libyaml 0.2 that people meet; the rest is passed on as it is.
enum SyntaxSentences {
  private struct Row {
    /// What libyaml says (`problem` of yaml_parser_t).
    let words: String
    let sentence: String
    let suggestion: String?

    init(_ words: String, _ sentence: String, _ suggestion: String? = nil) {
      self.words = words
      self.sentence = sentence
      self.suggestion = suggestion
    }
  }

  private static let rows = [
    Row(
      "found character that cannot start any token",
      "a value cannot begin with this character", "put the value in quotes"),
    Row(
      "mapping values are not allowed in this context",
      "a second key cannot stand here",
      "begin a new line for each key, and put a text that contains \": \" in quotes"),
    Row(
      "mapping keys are not allowed in this context", "a key cannot stand here"),
    Row(
      "block sequence entries are not allowed in this context",
      "a list entry (\"- \") cannot stand here", "begin a new line before the first entry"),
    Row(
      "could not find expected ':'", "the \":\" after this key is missing",
      "write KEY: VALUE"),
    Row(
      "did not find expected key",
      "a key is expected here, as deep as the keys above it", "check the indentation"),
    Row(
      "did not find expected '-' indicator",
      "a list entry (\"- \") is expected here, as deep as the entries above it",
      "check the indentation"),
    Row(
      "did not find expected node content", "a value is missing here",
      "remove the comma too many, or write the value"),
    Row(
      "did not find expected <document start>",
      "nothing may follow here: the document has ended", "check the indentation"),
    Row(
      "found unexpected document indicator", "\"---\" or \"...\" cannot stand inside quotes",
      "close the quotes before it"),
    Row(
      "found unknown escape character", "this escape is unknown inside double quotes",
      "use single quotes, in which a backslash is just a backslash"),
    Row(
      "found incompatible YAML document", "the %YAML directive names a version that is not read",
      "remove the line"),
    Row(
      "found unknown directive name", "a line that begins with % is not allowed",
      "remove the line"),
  ]

  static func sentence(for words: String) -> String {
    rows.first { $0.words == words }?.sentence ?? "not valid YAML: \(words)"
  }

  static func suggestion(for words: String) -> String? {
    rows.first { $0.words == words }?.suggestion
  }
}
