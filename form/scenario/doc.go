// Package scenario plays conversations with a form: lines an author writes down, each something to do or something that
// must hold afterwards.
//
//	填 结果 见到并交谈
//	问 反映人身份登记方式
//	不合格 已念告知 '要先念告知'
//
// A line is a verb, in Chinese or English, the question it is about, and what the verb wants. A question is named by its
// label, its name or its path; a choice by its label or its name. Words with spaces stand in quotation marks. What
// follows # is a remark.
//
// Package scenario reads no file: scripts and registers are given to it as txtar archives.
package scenario
