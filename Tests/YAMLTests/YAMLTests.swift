// Tests of YAML.
import Testing
