// What the YAML room reads: scalars, sequences, mappings and the place of each.
import Model
import Testing
import YAML

/// A tree in one line: the content with the place of every node and key.
func sketch(_ tree: Tree) -> String {
  let body =
    switch tree.content {
    case .scalar(let text, let isPlain): isPlain ? text : "'\(text)'"
    case .sequence(let items): "[\(items.map(sketch).joined(separator: " "))]"
    case .mapping(let entries):
      "{"
        + entries.map { "\($0.key)@\($0.keyPosition)=\(sketch($0.value))" }
        .joined(separator: " ") + "}"
    }
  return "\(body)@\(tree.position)"
}

/// What a text becomes: its sketch, or the error's place and sentence.
func outcome(_ bytes: [UInt8]) -> String {
  do {
    return sketch(try YAML.parse(bytes))
  } catch {
    return "\(error.position) \(error.message)"
  }
}

struct YAMLTests {
  @Test(arguments: [
    ("a: 1", "{a@1:1=1@1:4}@1:1"),
    ("a: '1'", "{a@1:1='1'@1:4}@1:1"),
    ("a: \"x\\ty\"", "{a@1:1='x\ty'@1:4}@1:1"),
    ("a:\n", "{a@1:1=@1:3}@1:1"),
    ("# head\na:\n  b: [1, 2]\n", "{a@2:1={b@3:3=[1@3:7 2@3:10]@3:6}@3:3}@2:1"),
    ("a:\n- 1\n- {b: c}\n", "{a@1:1=[1@2:3 {b@3:4=c@3:7}@3:3]@2:1}@1:1"),
    ("a: 1\na: 2\n", "{a@1:1=1@1:4 a@2:1=2@2:4}@1:1"),
    ("a: |\n  text\n", "{a@1:1='text\n'@1:4}@1:1"),
    ("---\na: 1\n...\n", "{a@2:1=1@2:4}@2:1"),
    ("word", "word@1:1"),
    // Columns are characters, not bytes.
    ("{é: ü, b: 1}", "{é@1:2=ü@1:5 b@1:8=1@1:11}@1:1"),
    // CR LF and CR end a line once.
    ("a: 1\r\nb: 2\rc: 3", "{a@1:1=1@1:4 b@2:1=2@2:4 c@3:1=3@3:4}@1:1"),
    // Behind a byte order mark the first column is still 1.
    ("\u{feff}a: 1\nb: 2", "{a@1:1=1@1:4 b@2:1=2@2:4}@1:1"),
  ])
  func readsWithPositions(text: String, expected: String) {
    #expect(outcome(Array(text.utf8)) == expected)
  }

  @Test(arguments: [
    ("", "1:1 the file is empty"),
    ("\u{feff}", "1:1 the file is empty"),
    ("# only a comment\n", "1:1 the file is empty"),
    ("a: &x 1\nb: 2", "1:4 an anchor (&name) is not allowed: values are written out"),
    ("a: *x", "1:4 an alias (*name) is not allowed: values are written out"),
    ("*x : 1", "1:1 an alias (*name) is not allowed: values are written out"),
    ("a: !!int 1", "1:4 a tag (!name) is not allowed"),
    ("a: ! 1", "1:4 a tag (!name) is not allowed"),
    ("a: !x [1]", "1:4 a tag (!name) is not allowed"),
    ("a: &x {b: 1}", "1:4 an anchor (&name) is not allowed: values are written out"),
    ("%TAG ! tag:x,2000:\n---\na: 1", "1:1 a %TAG directive is not allowed"),
    ("a: 1\n---\nb: 2", "2:1 a second YAML document begins here; the file may hold one"),
    ("[a]: 1", "1:1 a key must be a single word, not a list or a mapping"),
    ("? {a: 1}\n: 2", "1:3 a key must be a single word, not a list or a mapping"),
    ("a:\n\tb: 1\n", "2:1 the line is indented with a tab; YAML is indented with spaces only"),
    (
      "a:\n  b: 1\n \tc: 1\n",
      "3:2 the line is indented with a tab; YAML is indented with spaces only"
    ),
    ("a: 'open\nb: 1\n", "1:4 the quoted text that begins here is never closed"),
    (
      "a: [1, 2\nb: 1\n", "1:4 the list that begins here is not closed, or a comma is missing in it"
    ),
    (
      "a: {b: 1\nc\n", "1:4 the braces that open here are not closed, or a comma is missing in them"
    ),
    ("a: b: c", "1:5 a second key cannot stand here"),
    ("a: 1\n b: 2", "2:3 a second key cannot stand here"),
    ("a: 1\nbcd\ne: 1", "2:1 the \":\" after this key is missing"),
    ("a:\n  b: 1\n c: 2", "3:2 a key is expected here, as deep as the keys above it"),
    (
      "- 1\nb: 2",
      "2:1 a list entry (\"- \") is expected here, as deep as the entries above it"
    ),
    ("a: @x", "1:4 a value cannot begin with this character"),
    ("a: \"\\q\"", "1:5 this escape is unknown inside double quotes"),
    ("a: \u{7}", "1:4 the character U+0007 may not stand in a YAML file"),
    ("a: 1 # \u{2028}", "1:8 the character U+2028 is a line break to YAML but not to most editors"),
    ("a: \u{feff}", "1:4 the character U+FEFF may not stand in a YAML file"),
    ("a: - b", "1:4 a list entry (\"- \") cannot stand here"),
    ("{a: 1}\nb", "2:1 nothing may follow here: the document has ended"),
  ])
  func refuses(text: String, expected: String) {
    #expect(outcome(Array(text.utf8)) == expected)
  }

  @Test(arguments: [
    ([0x61, 0x3a, 0x20, 0xff], "1:4 the byte 0xFF is not UTF-8 here"),
    ([0x61, 0x3a, 0x0a, 0xc3], "2:1 the byte 0xC3 is not UTF-8 here"),
    // An overlong slash, a surrogate, and a number beyond the last character.
    ([0xc0, 0xaf], "1:1 the byte 0xC0 is not UTF-8 here"),
    ([0xe0, 0x80, 0xaf], "1:1 the byte 0xE0 is not UTF-8 here"),
    ([0xed, 0xa0, 0x80], "1:1 the byte 0xED is not UTF-8 here"),
    ([0xf4, 0x90, 0x80, 0x80], "1:1 the byte 0xF4 is not UTF-8 here"),
    ([0xff, 0xfe, 0x61, 0x00], "1:1 the file is UTF-16; only UTF-8 is read"),
    ([0x61, 0x00], "1:2 the character U+0000 may not stand in a YAML file"),
  ])
  func refusesOtherEncodings(bytes: [UInt8], expected: String) {
    #expect(outcome(bytes) == expected)
  }
}
