// add_exact: the sum of two exact states, as the accumulator memory adds them (semantics 8.4, exact). Combinational.
//
//   a, b, sum  states as in mac_exact: 84 bits of fixed point, added modulo 2^84; above them what was seen, joined
module add_exact (
    input  logic [87:0] a,
    input  logic [87:0] b,
    output logic [87:0] sum
);
    assign sum = {a[87:84] | b[87:84], a[83:0] + b[83:0]};
endmodule
