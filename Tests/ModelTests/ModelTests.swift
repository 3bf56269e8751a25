// Tests of Model.
import Testing
