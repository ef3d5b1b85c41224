package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"zoucun/survey"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// command is one thing zouctl does.
type command struct {
	name  string // one or two words
	args  string // what follows the flags, as help shows it
	help  string
	count int  // how many arguments follow
	fewer bool // or none
	more  bool // or more
	setup setup
}

// setup declares a command's flags and returns what to do once they are parsed.
type setup func(flags *flag.FlagSet) action

// action does what the command says.
type action func(ctx context.Context, s *session, args []string) error

func commands() []command {
	return []command{
		{name: "roster import", args: "花名册.xlsx", count: 1, setup: rosterImport, help: "导入花名册；不能收的行逐行说明原因，其余照收"},
		{name: "enrol-code", setup: enrolCode, help: "给一名工作人员发一次性登记码"},
		{name: "form check", args: "表单", count: 1, setup: formCheck, help: "检查表单（CSV 文件夹、.xlsx、.md 或 .xml），把不对的都说出来"},
		{name: "form show", args: "表单", count: 1, setup: formShow, help: "用文字列出表单：问什么、什么时候问、答案要怎样"},
		{name: "form try", args: "表单 脚本.txtar", count: 2, setup: formTry, help: "照脚本填一遍表单，不对的逐句说明"},
		{name: "form diff", args: "旧表单 新表单", count: 2, setup: formDiff, help: "新版改了什么，草稿和已收的记录会怎样"},
		{name: "form import", args: "表单", count: 1, setup: formImport, help: "把表单发布到服务器"},
		{name: "key make", args: "私钥文件", count: 1, setup: keyMake, help: "生成一把钥匙：私钥写入文件，公钥显示出来"},
		{name: "key list", setup: keyList, help: "显示收件名单：封存件交给谁，谁能恢复"},
		{name: "key add", args: "公钥", count: 1, setup: keyAdd, help: "把收件单位或恢复钥匙加入名单，发给各设备"},
		{name: "key remove", args: "公钥", count: 1, setup: keyRemove, help: "从名单里去掉一把公钥；已经封存的仍要用原来的私钥打开"},
		{name: "key cipher", args: "aes|sm4", count: 1, setup: keyCipher, help: "设备上用哪种算法加密；sm4 是商用密码算法，本实现未经认证"},
		{name: "phones", setup: phones, help: "显示或设置念给群众的电话：查改删、县级、值班"},
		{name: "seal open", args: "[封存件文件…]", count: 1, fewer: true, more: true, setup: sealOpen, help: "收件单位用自己的私钥打开封存件"},
		{name: "seal export", setup: sealExport, help: "把封存件写成文件交给收件单位；内容仍是封着的"},
		{name: "bundle import", args: "数据包…", count: 1, more: true, setup: bundleImport, help: "导入数据包或整个文件夹（存储卡上的第二份、U盘上的数据包），并写出回执"},
		{name: "bundle show", args: "数据包…", count: 1, more: true, setup: bundleShow, help: "显示数据包是哪台设备的、全不全；带私钥可看里面有多少"},
		{name: "backup marks", setup: backupMarks, help: "另有办法备份数据库时，备份前记下各设备收到了哪里"},
		{name: "backup confirm", setup: backupConfirm, help: "确认另外做的备份已读回核对，设备可以不再保留"},
		{name: "backup", setup: backUp, help: "备份数据库和附件，读回核对后告诉各设备"},
		{name: "restore", setup: restore, help: "从备份恢复到新的数据文件夹，各设备补交缺的内容"},
		{name: "epoch begin", setup: epochBegin, help: "另有办法恢复数据库后，让各设备重新核对并补交"},
		{name: "device list", setup: deviceList, help: "列出登记的设备"},
		{name: "device revoke", args: "设备编号", count: 1, setup: deviceRevoke, help: "收回一台设备的授权；它以前写的仍收，以后写的由人核对"},
		{name: "device regrant", args: "设备编号", count: 1, setup: deviceRegrant, help: "重新授权一台设备，或改它可以看的村"},
		{name: "quarantine list", setup: quarantineList, help: "列出没有直接收入、等人核对的内容"},
		{name: "quarantine accept", args: "编号", count: 1, setup: quarantineAccept, help: "收入一条"},
		{name: "quarantine drop", args: "编号", count: 1, setup: quarantineDrop, help: "不采用一条：留存，写明原因，不再显示"},
		{name: "export", setup: export, help: "把走访、问题和户导出为 .xlsx"},
		{name: "records", setup: records, help: "显示服务器上的记录"},
		{name: "household show", setup: householdShow, help: "显示一户的全部内容：现在的、原来的、谁写的、谁看过"},
		{name: "household correct", setup: householdCorrect, help: "更正一户的登记内容，原来的内容和原因都留底"},
		{name: "household page", setup: householdPage, help: "把一户的全部内容写成一页，可以打印交给本人"},
		{name: "erase", setup: erase, help: "应本人要求删除一户和它的走访、问题；各台平板随后自动删除"},
		{name: "access verify", setup: accessVerify, help: "核对所有日志和收发清单，缺了、改了都指出来"},
		{name: "access", setup: access, help: "列出谁在什么时候为什么看过哪一户"},
		{name: "retention run", setup: retentionRun, help: "删除保存期满的个人信息，写出报告"},
		{name: "retention reports", setup: retentionReports, help: "列出每次删除了什么"},
		{name: "retention rules", setup: retentionRules, help: "显示或设置保存期限"},
		{name: "township generate", args: "花名册.xlsx", count: 1, fewer: true, setup: townshipGenerate, help: "生成一个虚构乡镇的花名册，供演示和测试"},
		{name: "wait", setup: wait, help: "等到服务器可以连接"},
		{name: "version", setup: version, help: "显示版本"},
	}
}

// streams are where a command writes: what was asked for, and what a person should know besides.
type streams struct{ out, err io.Writer }

// session is one run of a command.
type session struct {
	streams

	clock survey.Clock
	place place
}

// usageError is a mistake in what was typed.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

// hintError adds to an error what to do next.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }

func (e *hintError) Unwrap() error { return e.err }

// refuse returns an error with a sentence for the person.
func refuse(kind survey.Kind, op, message string, err error) error {
	return &survey.Error{Kind: kind, Op: "zouctl." + op, Message: message, Err: err}
}

// run runs the command that args name and returns the exit code.
func run(ctx context.Context, args []string, to streams, clock survey.Clock) int {
	s := &session{streams: to, clock: clock}
	err := s.dispatch(ctx, args)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err == nil {
		return exitDone
	}
	s.explain(err)
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func (s *session) dispatch(ctx context.Context, args []string) error {
	global := newFlags("zouctl")
	s.place.declare(global)
	if err := global.Parse(args); err != nil {
		return s.flagError(err, overview)
	}
	rest := global.Args()
	if len(rest) == 0 || rest[0] == "help" {
		overview(s.out)
		return nil
	}
	c, rest, ok := find(rest)
	if !ok {
		return &hintError{&usageError{"没有“" + strings.Join(rest[:min(2, len(rest))], " ") + "”这个命令。"}, "运行 zouctl help 看有哪些命令"}
	}
	return s.perform(ctx, c, rest)
}

// find returns the command that the words begin with, and the words after it.
func find(words []string) (command, []string, bool) {
	for _, c := range commands() {
		name := strings.Fields(c.name)
		if len(words) >= len(name) && slices.Equal(words[:len(name)], name) {
			return c, words[len(name):], true
		}
	}
	return command{}, words, false
}

func (s *session) perform(ctx context.Context, c command, words []string) error {
	flags := newFlags(c.name)
	s.place.declare(flags)
	act := c.setup(flags)
	args, err := parseMixed(flags, words)
	if err != nil {
		return s.flagError(err, func(w io.Writer) { c.describe(w, flags) })
	}
	if len(args) != c.count && (!c.fewer || len(args) > 0) && (!c.more || len(args) < c.count) {
		return &hintError{
			&usageError{fmt.Sprintf("%s 后面要跟 %d 项，写了 %d 项。", c.name, c.count, len(args))},
			"zouctl " + strings.TrimSpace(c.name+" "+c.args),
		}
	}
	return act(ctx, s, args)
}

func newFlags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are told in our words
	return flags
}

// parseMixed parses flags before, between and after the arguments, and returns the arguments.
func parseMixed(flags *flag.FlagSet, words []string) ([]string, error) {
	var args []string
	for {
		if err := flags.Parse(words); err != nil {
			return nil, err
		}
		words = flags.Args()
		if len(words) == 0 {
			return args, nil
		}
		args, words = append(args, words[0]), words[1:]
	}
}

// flagError answers a wish for help, or says that a flag is wrong.
func (s *session) flagError(err error, help func(io.Writer)) error {
	if errors.Is(err, flag.ErrHelp) {
		help(s.out)
		return err
	}
	return &hintError{&usageError{"选项写错了：" + err.Error()}, "加 -h 看有哪些选项"}
}

// explain tells a person about an error.
func (s *session) explain(err error) {
	message := survey.MessageOf(err)
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		message = usage.message
	}
	if message == "" {
		message = "没有做完：" + err.Error()
	}
	s.tell("zouctl: %s\n", message)
	if hinted := (*hintError)(nil); errors.As(err, &hinted) {
		s.tell("hint: %s\n", hinted.hint)
	}
}

// tell writes what a person should know besides the result.
func (s *session) tell(format string, args ...any) {
	_, _ = fmt.Fprintf(s.err, format, args...) // there is nobody left to tell
}

// printf writes a part of the result.
func (s *session) printf(format string, args ...any) error {
	if _, err := fmt.Fprintf(s.out, format, args...); err != nil {
		return refuse(survey.Unavailable, "print", "结果写不出去。", err)
	}
	return nil
}

// overview lists the commands.
func overview(w io.Writer) {
	var b strings.Builder
	b.WriteString("用法：zouctl [-data 文件夹] 命令 [选项] [参数]\n\n命令：\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-28s %s\n", strings.TrimSpace(c.name+" "+c.args), c.help)
	}
	b.WriteString("\n每个命令加 -h 看它的选项。\n")
	_, _ = io.WriteString(w, b.String()) // there is nobody left to tell
}

// describe shows one command and its flags.
func (c command) describe(w io.Writer, flags *flag.FlagSet) {
	var b strings.Builder
	fmt.Fprintf(&b, "用法：zouctl %s\n%s。\n\n选项：\n", strings.TrimSpace(c.name+" [选项] "+c.args), c.help)
	flags.VisitAll(func(f *flag.Flag) {
		fmt.Fprintf(&b, "  -%-12s %s", f.Name, f.Usage)
		if f.DefValue != "" && f.DefValue != "0" && f.DefValue != "false" {
			fmt.Fprintf(&b, "（默认 %s）", f.DefValue)
		}
		b.WriteByte('\n')
	})
	_, _ = io.WriteString(w, b.String()) // there is nobody left to tell
}
