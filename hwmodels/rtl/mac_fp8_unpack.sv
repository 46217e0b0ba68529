// mac_fp8_unpack: a code of an FP8, FP6 or FP4 format as sign, exponent and significand (semantics 2.2, 2.3, and 8.4
// for the exponent of a subnormal number). Combinational.
//
//   code         the code; bits above the format's width are ignored
//   format       0 e4m3, 1 e5m2, 2 e3m4, 3 e4m3ieee, 4 e2m1, 5 e2m3, 6 e3m2; others are read as e4m3
//   nan          the code is a NaN
//   infinite     the code is an infinity
//   sign         the sign bit, whatever else the code is
//   exponent     two's complement; of subnormal numbers and zeros that of the smallest normal number
//   significand  x.xxxx: the leading 1 (0 if subnormal), then 4 fraction bits, the format's from the top
module mac_fp8_unpack (
    input  logic [7:0] code,
    input  logic [3:0] format,
    output logic       nan,
    output logic       infinite,
    output logic       sign,
    output logic [5:0] exponent,
    output logic [4:0] significand
);
    logic [4:0] field;
    logic [3:0] fraction;
    logic [3:0] bias;
    logic       ieee_special;  // the top exponent, in a format that has infinities

    always_comb begin
        sign = code[7];
        field = {1'b0, code[6:3]};
        fraction = {code[2:0], 1'b0};
        bias = 4'd7;
        ieee_special = 1'b0;
        case (format)
            4'd1: begin
                field = code[6:2];
                fraction = {code[1:0], 2'b0};
                bias = 4'd15;
                ieee_special = &code[6:2];
            end
            4'd2: begin
                field = {2'b0, code[6:4]};
                fraction = code[3:0];
                bias = 4'd3;
                ieee_special = &code[6:4];
            end
            4'd3: ieee_special = &code[6:3];
            4'd4: begin
                sign = code[3];
                field = {3'b0, code[2:1]};
                fraction = {code[0], 3'b0};
                bias = 4'd1;
            end
            4'd5: begin
                sign = code[5];
                field = {3'b0, code[4:3]};
                fraction = {code[2:0], 1'b0};
                bias = 4'd1;
            end
            4'd6: begin
                sign = code[5];
                field = {2'b0, code[4:2]};
                fraction = {code[1:0], 2'b0};
                bias = 4'd3;
            end
            default: ;
        endcase
    end

    logic normal;
    assign normal = |field;
    assign significand = {normal, fraction};
    // A field of 0 counts as 1: setting its last bit is all it takes.
    assign exponent = {1'b0, field[4:1], field[0] | !normal} - {2'b0, bias};

    // The only NaN of e4m3 is the magnitude of all ones; the formats of fewer bits have none.
    logic has_one_nan;
    assign has_one_nan = format == 4'd0 || format > 4'd6;
    assign nan = (ieee_special && |fraction) || (has_one_nan && &code[6:0]);
    assign infinite = ieee_special && !(|fraction);
endmodule
