#include "run/options.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <map>
#include <string>

namespace penstock::run {

namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done, or drained as asked; 1 a pipeline failed or a command did not succeed;\n"
    "2 wrong command line or configuration, nothing was started; 3 aborted by a second signal.\n"
    "Events go to standard output, everything else of `run` to standard error.";

const std::map<std::string, Log::Level> kLevels = {{"debug", Log::Level::debug},
                                                   {"info", Log::Level::info},
                                                   {"warn", Log::Level::warn},
                                                   {"error", Log::Level::error}};

class CommandLine {
 public:
  std::variant<Options, Exit> parse(int argc, const char* const* argv) {
    declare();
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? Exit::ok : Exit::usage;
    }
    return std::move(options_);
  }

 private:
  void declare() {
    app_.name("penstock");
    app_.require_subcommand(1);
    app_.set_help_all_flag("--help-all", "Help of all commands");
    app_.footer(kFooter);
    app_.failure_message([](const CLI::App* app, const CLI::Error& error) {
      return std::string("penstock: ") + error.what() + "\nTry `" + full_name(app) + " --help`.\n";
    });
    declare_run();
    declare_inspection();
    declare_checkpoint();
    declare_dead_letter();
    declare_generate();
  }

  static std::string full_name(const CLI::App* app) {
    while (!app->get_subcommands().empty()) {
      app = app->get_subcommands().front();
    }
    std::string name = app->get_name();
    for (const CLI::App* up = app->get_parent(); up != nullptr; up = up->get_parent()) {
      name = up->get_name() + " " + name;
    }
    return name;
  }

  CLI::App* command(CLI::App& under, Command command, const std::string& name,
                    const std::string& says) {
    CLI::App* const app = under.add_subcommand(name, says);
    app->callback([this, command] { options_.command = command; });
    log_options(app);
    return app;
  }

  void log_options(CLI::App* app) {
    app->add_option_function<std::string>(
           "--log", [this](const std::string& format) { options_.log_json = format == "json"; },
           "Log lines as text (default) or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->type_name("text|json");
    app->add_option_function<std::string>(
           "--log-level",
           [this](const std::string& level) { options_.log_level = kLevels.at(level); },
           "The least level that is logged; default info")
        ->check(CLI::IsMember(kLevels))
        ->type_name("debug|info|warn|error");
  }

  void declare_run() {
    CLI::App* const run =
        command(app_, Command::run, "run",
                "Run pipelines until their sources end or a signal comes: the first Ctrl-C or "
                "SIGTERM drains, the second aborts");
    run->add_option("FILE|DIR", options_.files,
                    "Pipeline files, or folders of which every *.yaml and *.yml is one");
    run->add_option("--preset", options_.preset, "A pipeline that is built into the program");
    run->add_flag("--once", options_.once, "End when everything there is has been delivered");
    run->add_option("--admin", options_.admin,
                    "Address of /metrics, /healthz, /readyz and /api/status, or off")
        ->capture_default_str()
        ->type_name("ADDR|off");
    run->add_flag("--fail-fast", options_.fail_fast,
                  "Drain all pipelines as soon as one has failed");
  }

  void declare_inspection() {
    CLI::App* const check =
        command(app_, Command::check, "check",
                "Say what is wrong with pipeline files; connects to nothing, reads no secrets");
    check->add_option("FILE|DIR", options_.files, "Pipeline files or folders of them")->required();

    CLI::App* const explain = command(app_, Command::explain, "explain",
                                      "Describe a connector, format, transform or store");
    explain->add_option("NAME", options_.connector, "As `penstock list` names it");
    explain->add_flag("--all", options_.explain_all, "The whole reference page");
    explain->add_flag("--markdown", options_.markdown, "Write Markdown (it always does)");
    explain->add_flag("--schema", options_.schema, "A JSON schema of pipeline files, for editors");

    command(app_, Command::list, "list",
            "Name every connector, format, transform and store of this build");
    command(app_, Command::version, "version", "Print the version");
  }

  CLI::App* file_command(CLI::App& under, Command command, const std::string& name,
                         const std::string& says) {
    CLI::App* const app = this->command(under, command, name, says);
    app->add_option("FILE", options_.file, "The pipeline's file")->required();
    return app;
  }

  void declare_checkpoint() {
    CLI::App* const group = app_.add_subcommand("checkpoint", "Show or change saved positions");
    group->require_subcommand(1);
    file_command(*group, Command::checkpoint_show, "show",
                 "Show the saved positions of a pipeline, also while it runs");
    CLI::App* const set = file_command(*group, Command::checkpoint_set, "set",
                                       "Set the position of a part; the pipeline must not run");
    set->add_option("--part", options_.part, "The part, as `checkpoint show` names it")->required();
    set->add_option("--position", options_.position, "The position, as `checkpoint show` writes it")
        ->required();
    CLI::App* const reset =
        file_command(*group, Command::checkpoint_reset, "reset",
                     "Forget the positions, so that the next run begins anew; the pipeline must "
                     "not run");
    reset->add_option("--part", options_.part, "Only this part");
  }

  void declare_dead_letter() {
    CLI::App* const group =
        app_.add_subcommand("dead-letter", "List, show and replay what was rejected");
    group->require_subcommand(1);
    CLI::App* const list = file_command(*group, Command::dead_letter_list, "list",
                                        "List the dead letters of a pipeline, also while it runs");
    list->add_option("--sink", options_.sink, "Only of this sink; \"\" is decoding and transforms");
    list->add_flag("--replayed", options_.with_replayed, "Also those that went back already");
    CLI::App* const show = file_command(*group, Command::dead_letter_show, "show",
                                        "Show dead letters with their payload");
    show->add_option("NUMBER", options_.sequences, "As `dead-letter list` numbers them")
        ->required();
    CLI::App* const replay =
        file_command(*group, Command::dead_letter_replay, "replay",
                     "Send dead letters to the sink they failed at, in order, each once; the "
                     "pipeline must not run");
    replay->add_option("NUMBER", options_.sequences, "Only these; default all");
    replay->add_option("--sink", options_.sink,
                       "Only of this sink; \"\" is decoding and transforms");
    replay->add_flag("--force", options_.force,
                     "Also those whose replay may undo a later change of their key");
  }

  void declare_generate() {
    CLI::App* const generate =
        command(app_, Command::generate, "generate", "Send generated records by the Firehose API");
    generate->add_option("--firehose", options_.firehose, "Where to: http://127.0.0.1:8687")
        ->required()
        ->type_name("URL");
    generate->add_option("--stream", options_.stream, "The delivery stream")->capture_default_str();
    generate->add_option("--count", options_.count, "How many records")->capture_default_str();
    generate->add_option("--rate", options_.rate, "Records a second; 0: as fast as they are taken")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 1e9));
    generate->add_option("--seed", options_.seed, "The same seed makes the same records")
        ->capture_default_str();
  }

  Options options_;
  CLI::App app_{
      "Relays every change of a data store to every place that needs it: in order, with nothing "
      "lost."};
};

}  // namespace

int code_of(Exit exit) {
  return static_cast<int>(exit);
}

std::variant<Options, Exit> parse_options(int argc, const char* const* argv) {
  return CommandLine().parse(argc, argv);
}

}  // namespace penstock::run
