// Tests of Rtnetlink.
import Testing
