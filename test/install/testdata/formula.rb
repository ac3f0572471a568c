# Runs a formula as Homebrew would: ruby formula.rb FORMULA ARCHIVE PREFIX SYSTEM ARCHITECTURE
# The system is darwin or linux and the architecture amd64 or arm64, whatever this machine is.
# It knows what the formula calls, and no more: an unknown word is an error.
require "digest"
require "fileutils"
require "open3"
require "pathname"
require "socket"
require "tmpdir"

FORMULA, ARCHIVE, PREFIX, SYSTEM, ARCHITECTURE = ARGV

class Pathname
  # Installs files into this folder, under other names where a hash says so.
  def install(*files)
    files.flatten.each do |file|
      (file.is_a?(Hash) ? file : { file => File.basename(file) }).each do |from, to|
        mkpath
        FileUtils.cp(from, self/to)
      end
    end
  end
end

module Utils
  def self.safe_popen_read(*command)
    output, status = Open3.capture2(*command.map(&:to_s))
    raise "#{command.join(" ")}: #{status}" unless status.success?
    output
  end
end

class Service
  attr_reader :words

  def initialize(formula)
    @formula = formula
    @words = {}
  end

  %i[run keep_alive log_path error_log_path].each { |name| define_method(name) { |value| @words[name] = value } }

  def method_missing(name, *) = @formula.respond_to?(name) ? @formula.public_send(name) : super
  def respond_to_missing?(name, all = false) = @formula.respond_to?(name) || super
end

class Formula
  class << self
    attr_reader :facts, :service_block, :test_block

    def inherited(formula)
      super
      Formula.instance_variable_set(:@loaded, formula)
      formula.instance_variable_set(:@facts, {})
    end

    def loaded = @loaded

    %i[desc homepage version license url sha256].each do |name|
      define_method(name) do |value|
        raise "#{name} is given twice" if facts.key?(name)
        facts[name] = value
      end
    end

    def conflicts_with(_name, because:) = facts[:conflict] = because
    def keg_only(reason) = facts[:keg_only] = reason
    def on_macos = (yield if SYSTEM == "darwin")
    def on_linux = (yield if SYSTEM == "linux")
    def on_arm = (yield if ARCHITECTURE == "arm64")
    def on_intel = (yield if ARCHITECTURE == "amd64")
    def service(&block) = @service_block = block
    def test(&block) = @test_block = block
  end

  attr_accessor :buildpath, :testpath

  def name = File.basename(FORMULA, ".rb")
  def version = self.class.facts.fetch(:version)
  def prefix = Pathname(PREFIX)/"Cellar"/name/version
  def bin = prefix/"bin"
  def opt_bin = bin
  def man1 = prefix/"share/man/man1"
  def doc = prefix/"share/doc"/name
  def bash_completion = prefix/"etc/bash_completion.d"
  def fish_completion = prefix/"share/fish/vendor_completions.d"
  def zsh_completion = prefix/"share/zsh/site-functions"
  def etc = Pathname(PREFIX)/"etc"
  def pkgetc = etc/name
  def var = Pathname(PREFIX)/"var"

  def free_port
    server = TCPServer.new("127.0.0.1", 0)
    server.addr[1]
  ensure
    server&.close
  end

  def shell_output(command)
    output, status = Open3.capture2(command)
    raise "#{command}: #{status}" unless status.success?
    output
  end

  def assert_match(pattern, text)
    raise "#{text.inspect} does not match #{pattern.inspect}" unless text.match?(pattern.is_a?(String) ? Regexp.escape(pattern) : pattern)
  end

  # Homebrew's takes paths as programs.
  def spawn(*command) = Process.spawn(*command.map(&:to_s))
end

load FORMULA
formula = Formula.loaded.new
facts = Formula.loaded.facts
%i[desc homepage version license url sha256].each { |name| facts.fetch(name) }
raise "the formula downloads #{facts[:url]}" unless File.basename(facts[:url]) == File.basename(ARCHIVE)
raise "the archive has another sum" unless Digest::SHA256.file(ARCHIVE).hexdigest == facts[:sha256]

Dir.mktmpdir do |folder|
  system("tar", "-xzf", ARCHIVE, "-C", folder, exception: true)
  # An archive with one folder is unpacked to what is in it.
  formula.buildpath = Pathname(Dir.children(folder).then { |names| names.one? ? File.join(folder, names.first) : folder })
  Dir.chdir(formula.buildpath) { formula.install }
end

service = Service.new(formula)
service.instance_eval(&Formula.loaded.service_block)
program, *arguments = service.words.fetch(:run)
raise "#{program} is no program" unless File.executable?(program)
config = arguments.last
raise "the service's configuration is missing" unless File.file?(config)

Dir.mktmpdir do |folder|
  formula.testpath = Pathname(folder)
  Dir.chdir(folder) { formula.instance_eval(&Formula.loaded.test_block) }
end
puts formula.prefix
