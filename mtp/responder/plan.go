package responder

import (
	"fmt"

	"cradle/mtp"
)

// Phase is a point in a transaction at which the cable can be pulled.
type Phase uint8

const (
	// AtCommand: the command doesn't reach the device.
	AtCommand Phase = iota
	// InData: after some bytes of the data phase's payload. Where all of the
	// payload gets through, or there is no data phase, it is the same as
	// AtResponse.
	InData
	// AtResponse: the device has carried out the operation, and its response is
	// lost.
	AtResponse
	// After: the response got through.
	After
	// AtCancel: the initiator calls the transaction off, by the class request.
	// It is a [Fault]'s phase, not a [Cut]'s.
	AtCancel
)

func (p Phase) String() string {
	switch p {
	case AtCommand:
		return "at the command"
	case InData:
		return "in the data phase"
	case AtResponse:
		return "at the response"
	case After:
		return "after"
	case AtCancel:
		return "at the cancellation"
	}
	return fmt.Sprintf("phase %d", uint8(p))
}

// Cut says where the cable is pulled.
type Cut struct {
	// Transaction counts all transactions since the responder was made, from 1.
	Transaction int
	Phase       Phase
	// Bytes of payload that get through when Phase is InData.
	Bytes int64
}

// Transaction is what the responder remembers of one transaction.
type Transaction struct {
	Number  int // from 1
	Command mtp.Message
	// In and Out are the bytes of payload that the device sent and took: what
	// the initiator had read of it.
	In, Out int64
	// Response is 0 when the transaction was broken off or its response lost.
	Response mtp.RespCode
}

// Op is the transaction's operation.
func (t *Transaction) Op() mtp.OpCode { return mtp.OpCode(t.Command.Code) }

func (t Transaction) String() string {
	ended := "no response"
	if t.Response != 0 {
		ended = t.Response.Error()
	}
	return fmt.Sprintf("%d %v %x in=%d out=%d %s", t.Number, t.Op(), t.Command.Params[:t.Command.N], t.In, t.Out, ended)
}
