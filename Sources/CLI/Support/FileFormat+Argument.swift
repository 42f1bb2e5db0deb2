import ArgumentParser
import CofferFormats

extension FileFormat: ExpressibleByArgument {}
