// Tests of Bytes.
import Testing
